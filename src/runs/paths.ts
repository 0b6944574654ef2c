import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';

/** The folder that holds the runs of a workspace and the trained models that may be used again. */
export const distilleryFolder = '.distillery';

/** Names inside a run directory. */
export const runFiles = {
  /** Exact copy of the file that was run. */
  experiment: 'experiment.distill.yaml',
  resolved: 'resolved.json',
  manifest: 'run.json',
  events: 'events.jsonl',
  commands: 'commands.jsonl',
  log: 'trainer.log',
  report: 'report.json',
  /** Held while a trainer writes into the directory. */
  lock: 'writer.lock',
  checkpoints: 'checkpoints',
  models: 'models',
} as const;

/**
 * The folder whose `.distillery` keeps the runs of an experiment file: the nearest ancestor that already has one, but
 * none above a repository's root; without one, the folder of the file itself.
 */
export function workspaceOf(file: string): string {
  const own = path.dirname(path.resolve(file));
  let folder = own;
  for (;;) {
    if (isDirectory(path.join(folder, distilleryFolder))) return folder;
    const parent = path.dirname(folder);
    if (parent === folder || fs.existsSync(path.join(folder, '.git'))) return own;
    folder = parent;
  }
}

export function runsFolder(workspace: string): string {
  return path.join(workspace, distilleryFolder, 'runs');
}

export function runDirectory(workspace: string, id: string): string {
  return path.join(runsFolder(workspace), id);
}

/** `20261123-174501-hinton-mnist-3fa2`: local time, the name, and four random digits against two starts in one second. */
export function newRunId(name: string, now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return `${day}-${time}-${slug(name)}-${randomBytes(2).toString('hex')}`;
}

/** Git must not see runs: a run directory inside `.distillery` makes sure that the folder ignores itself. */
export function ignoreInGit(runDirectory: string): void {
  const folder = path.dirname(path.dirname(path.resolve(runDirectory)));
  if (path.basename(folder) !== distilleryFolder) return;
  const file = path.join(folder, '.gitignore');
  if (!fs.existsSync(file)) fs.writeFileSync(file, '*\n');
}

function slug(name: string): string {
  const letters = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return letters || 'run';
}

function isDirectory(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
