import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { newRunId, workspaceOf } from '../../../src/runs/paths';
import { temporaryFolder } from './helpers';

const folder = (...parts: string[]): string => {
  const made = path.join(...parts);
  fs.mkdirSync(made, { recursive: true });
  return made;
};

test('runs are kept beside the experiment file', () => {
  const root = temporaryFolder();
  folder(root, '.git');
  expect(workspaceOf(path.join(root, 'deep', 'a.distill.yaml'))).toBe(path.join(root, 'deep'));
});

test('an ancestor that already keeps runs is used, the nearest first', () => {
  const root = temporaryFolder();
  folder(root, '.git');
  folder(root, '.distillery');
  expect(workspaceOf(path.join(root, 'a', 'b', 'x.distill.yaml'))).toBe(root);
  folder(root, 'a', '.distillery');
  expect(workspaceOf(path.join(root, 'a', 'b', 'x.distill.yaml'))).toBe(path.join(root, 'a'));
});

test('a folder above the repository is not used, and a file named .distillery is none', () => {
  const root = temporaryFolder();
  folder(root, '.distillery');
  folder(root, 'repository', '.git');
  const inner = folder(root, 'repository', 'inner');
  fs.writeFileSync(path.join(root, 'repository', '.distillery'), '');
  expect(workspaceOf(path.join(inner, 'x.distill.yaml'))).toBe(inner);
});

test('a run is named after its time and its experiment', () => {
  const now = new Date(2026, 10, 23, 17, 45, 1);
  expect(newRunId('Hinton MNIST', now)).toMatch(/^20261123-174501-hinton-mnist-[0-9a-f]{4}$/);
  expect(newRunId('Zürich / T=20!', now)).toMatch(/-zurich-t-20-[0-9a-f]{4}$/);
  expect(newRunId('蒸留', now)).toMatch(/^20261123-174501-run-[0-9a-f]{4}$/);
  expect(newRunId(`${'a'.repeat(39)} b`, now)).toMatch(/-a{39}-[0-9a-f]{4}$/);
});
