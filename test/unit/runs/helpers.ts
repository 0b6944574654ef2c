import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { NewRun } from '../../../src/runs/writer';

/** A fresh folder that is removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-'));
  folders.push(folder);
  return folder;
}

export const newRun: NewRun = {
  name: 'A test',
  file: '/experiments/a.distill.yaml',
  hash: 'ab12',
  seeds: [1, 2],
  roles: ['teacher', 'student'],
};

/** Resolves when the condition holds; fails after ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Still not true after ten seconds: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});
