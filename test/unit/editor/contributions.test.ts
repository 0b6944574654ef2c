import fs from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import manifest from '../../../package.json';
import {
  commands,
  contextKeys,
  experimentGlob,
  experimentSuffix,
  languageId,
  settings,
  treeItems,
  views,
} from '../../../src/editor/contributions';

const { contributes } = manifest;
const sorted = (names: Iterable<string>): string[] => [...names].sort();

test('commands', () => {
  expect(sorted(contributes.commands.map((c) => c.command))).toEqual(sorted(Object.values(commands)));
  for (const command of contributes.commands) {
    expect(command.category).toBe('Distillery');
    expect(command.icon).toMatch(/^\$\([a-z-]+\)$/);
  }
});

test('views', () => {
  const { [views.container]: contributed } = contributes.views;
  expect(contributes.viewsContainers.activitybar.map((c) => c.id)).toEqual([views.container]);
  expect(sorted([...contributed.map((v) => v.id), views.container])).toEqual(sorted(Object.values(views)));
});

test('settings and their defaults', () => {
  const contributed = Object.entries(contributes.configuration.properties).map(([id, { default: value }]) => [
    id,
    value,
  ]);
  expect(Object.fromEntries(contributed)).toEqual(settings);
});

test('settings that decide what is executed are restricted', () => {
  expect(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations).toEqual([
    'distillery.engine',
    'distillery.workers',
    'distillery.mnistDirectory',
  ]);
});

test.each([
  ['auto', true],
  [1, true],
  [64, true],
  ['2', false],
  ['many', false],
  [0, false],
  [65, false],
  [1.5, false],
])('the setting of the workers: is %j valid? %s', (value, valid) => {
  const { type, pattern, minimum, maximum } = contributes.configuration.properties['distillery.workers'];
  expect(new Ajv({ allowUnionTypes: true }).validate({ type, pattern, minimum, maximum }, value)).toBe(valid);
});

test('the language', () => {
  expect(contributes.languages.map((l) => [l.id, l.extensions])).toEqual([[languageId, [experimentSuffix]]]);
  expect(manifest.activationEvents).toContain(`workspaceContains:${experimentGlob}`);
  expect(manifest.activationEvents).not.toContain('*');
  expect(manifest.activationEvents).not.toContain('onStartupFinished');
});

describe('what menus, keys and welcome texts name', () => {
  const places = [
    ...Object.values(contributes.menus).flat(),
    ...contributes.keybindings,
    ...contributes.viewsWelcome.map((welcome) => ({ command: undefined, when: welcome.when })),
  ];
  const clauses = places.map((place) => place.when);

  test('commands exist', () => {
    const ids = sorted(Object.values(commands));
    const named = [
      ...places.flatMap(({ command }) => (command === undefined ? [] : [command])),
      ...contributes.viewsWelcome.flatMap(
        ({ contents }) => contents.match(/(?<=command:)distillery\.\w+/g) ?? [],
      ),
    ];
    for (const command of named) expect(ids).toContain(command);
  });

  test('context keys, views and tree items exist, and every context key is used', () => {
    const known: string[] = [...Object.values(contextKeys), ...Object.values(views)];
    const named = clauses.flatMap((when) => when.match(/(?<![\w\\.])distillery\.\w+/g) ?? []);
    for (const name of named) expect(known).toContain(name);
    for (const key of Object.values(contextKeys)) expect(named).toContain(key);
    const items = clauses.flatMap((when) => when.match(/(?<=viewItem == )\S+/g) ?? []);
    expect(sorted(new Set(items))).toEqual(
      sorted([treeItems.experiment, treeItems.liveRun, treeItems.resumableRun]),
    );
    for (const item of [treeItems.finishedRun, treeItems.resumableRun]) expect(item).toMatch(/^run\./);
  });
});

test('files that are named exist', () => {
  const files = [
    manifest.icon,
    ...contributes.grammars.map((g) => g.path),
    ...contributes.languages.flatMap((l) => [l.configuration, l.icon.light, l.icon.dark]),
    ...contributes.viewsContainers.activitybar.map((c) => c.icon),
  ];
  for (const file of files) expect(fs.existsSync(file), file).toBe(true);
});

test('a run of the menu is offered for experiments, and not for the copies in run directories', () => {
  const [item] = contributes.menus['explorer/context'];
  const [, name = '', path = ''] =
    /resourceFilename =~ \/(.+)\/ && resourcePath =~ \/(.+)\/$/.exec(item?.when ?? '') ?? [];
  const offered = (folder: string, file: string): boolean =>
    new RegExp(name).test(file) && new RegExp(path).test(`${folder}/${file}`);
  expect(offered('/a', 'b.distill.yaml')).toBe(true);
  expect(offered('/a', 'b.yaml')).toBe(false);
  expect(offered('/a/.distillery/runs/r', 'experiment.distill.yaml')).toBe(false);
});
