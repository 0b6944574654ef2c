import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execFile } from 'node:child_process';

/** The package registry that this user has set up for npm, with a slash at its end; undefined when none can be told. */
export async function userRegistry(folder: string): Promise<string | undefined> {
  return asRegistry(await askNpm(folder)) ?? (await fromFiles([folder, os.homedir()]));
}

/** `registry = …` of the first of the folders whose `.npmrc` has it. */
export async function fromFiles(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const text = await fs.readFile(path.join(folder, '.npmrc'), 'utf8').catch(() => '');
    const registry = asRegistry(/^\s*registry\s*=\s*(.+)$/m.exec(text)?.[1]);
    if (registry !== undefined) return registry;
  }
  return undefined;
}

/** Only a plain web address is taken: npm answers `undefined`, and settings may hold variables. */
export function asRegistry(text: string | undefined): string | undefined {
  const trimmed = text?.trim().replace(/^["']|["']$/g, '') ?? '';
  if (!/^https?:\/\/[^\s$]+$/.test(trimmed)) return undefined;
  return trimmed.endsWith('/') ? trimmed : `${trimmed}/`;
}

/** npm itself knows best: it reads all its files, the environment, and its own default. */
function askNpm(folder: string): Promise<string | undefined> {
  const windows = process.platform === 'win32';
  return new Promise((resolve) => {
    execFile(
      windows ? 'npm.cmd' : 'npm',
      ['config', 'get', 'registry'],
      { cwd: folder, timeout: 15_000, windowsHide: true, shell: windows },
      (error, stdout) => resolve(error ? undefined : stdout.trim().split(/\r?\n/).at(-1)),
    );
  });
}
