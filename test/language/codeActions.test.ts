import { CodeActionKind, type CodeAction, type Range } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { expect, test } from 'vitest';
import { minimalExperiment } from '../../src/experiment/minimal';
import { codeActions } from '../../src/language/services/codeActions';
import { diagnose } from '../../src/language/services/diagnostics';

const uri = 'file:///x.distill.yaml';
const at = (line: number, character: number): Range => ({
  start: { line, character },
  end: { line, character },
});

function applied(text: string, action: CodeAction): string {
  return TextDocument.applyEdits(
    TextDocument.create(uri, 'distill-yaml', 1, text),
    action.edit!.changes![uri]!,
  );
}

/** The actions at the first diagnostic. */
function atFirst(text: string): CodeAction[] {
  return codeActions(text, uri, diagnose(text)[0]!.range);
}

test.each([
  ['a misspelt key', 'temperature', 'temprature', 'Change to temperature'],
  ['a misspelt word', 'source: mnist', 'source: mnits', 'Change to mnist'],
  ['a missing part', 'student:\n  model: {mlp: [32]}\n', '', 'Add student'],
  ['a missing value', 'epochs: 10', 'epochs:', 'Write 10'],
  ['a missing comparison', '\ncompare: [scratch]\n', '', 'Add compare: [scratch]'],
  ['a layer that cannot be trained', '{mlp: [32]}', '{layers: [{norm: {scale: false}}]}', 'Remove scale'],
  ['a tag', 'name: My', 'name: !!str My', 'Remove !!str'],
  ['a tab', '  source: mnist', '\tsource: mnist', 'Indent with spaces'],
  ['a transfer set that is too large', 'source: mnist', 'source: mnist\n  transfer: 99999', 'Change to all'],
])('%s: one preferred fix, after which there is no problem', (_, from, to, title) => {
  const text = minimalExperiment.replace(from, to);
  const actions = atFirst(text);
  expect(actions.map((action) => action.title)).toEqual([title]);
  expect(actions[0]).toMatchObject({ kind: CodeActionKind.QuickFix, isPreferred: true });
  expect(actions[0]!.diagnostics).toEqual([diagnose(text)[0]]);
  expect(diagnose(applied(text, actions[0]!))).toEqual([]);
});

test('an empty file becomes a minimal experiment', () => {
  const [action] = atFirst('');
  expect(applied('', action!)).toBe(minimalExperiment);
});

test('where several fixes are possible, none is preferred and each is right', () => {
  const text = minimalExperiment.replace('{mlp: [32]}', '{}');
  const actions = atFirst(text);
  expect(actions.map(({ title }) => title)).toEqual(['Add mlp', 'Add cnn', 'Add layers']);
  expect(actions.every(({ isPreferred }) => isPreferred === false)).toBe(true);
  for (const action of actions)
    expect(
      diagnose(applied(text, action)).filter(({ severity }) => severity === 1),
      action.title,
    ).toEqual([]);
});

test('a fix is offered only where its problem is', () => {
  const text = minimalExperiment.replace('temperature', 'temprature');
  const line = text.split('\n').findIndex((each) => each.includes('temprature'));
  expect(codeActions(text, uri, at(line, 15))).toHaveLength(1);
  expect(codeActions(text, uri, at(line + 1, 6))).toEqual([]);
  expect(codeActions(text, uri, at(0, 0))).toEqual([]);
});

test('an experiment without a comparison can get one', () => {
  const text = minimalExperiment.replace(/\ncompare[\s\S]*/, '');
  expect(diagnose(text)).toEqual([]);
  const [action, ...others] = codeActions(text, uri, at(0, 0));
  expect(others).toEqual([]);
  expect(action).toMatchObject({ kind: CodeActionKind.RefactorRewrite });
  expect(applied(text, action!)).toBe(`${text}compare: [scratch]\n`);
  expect(codeActions(minimalExperiment, uri, at(0, 0))).toEqual([]);
});
