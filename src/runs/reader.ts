import fs from 'node:fs/promises';
import path from 'node:path';
import { finalStates } from './events';
import type { RunEvent, RunState } from './events';
import { parseObject } from './lines';
import type { RunManifest } from './manifest';
import { runFiles, runsFolder } from './paths';
import { isAlive } from './process';
import type { RunReport } from './report';

/** A run as it stands on the disk. `lost`: its process is gone without a last word. */
export interface StoredRun {
  /** Absolute. */
  directory: string;
  manifest: RunManifest;
  state: RunState | 'lost';
}

/** All runs of a workspace, newest first. Directories that are no runs are passed over. */
export async function listRuns(workspace: string): Promise<StoredRun[]> {
  const folder = runsFolder(workspace);
  const names = await fs.readdir(folder).catch(() => []);
  const runs = await Promise.all(names.map((name) => readRun(path.join(folder, name))));
  return runs.filter((run) => run !== null).sort(newestFirst);
}

/** Null when there is no readable manifest. */
export async function readRun(directory: string): Promise<StoredRun | null> {
  const manifest = await readManifest(directory);
  if (!manifest) return null;
  if (finalStates.has(manifest.state) || (await isAlive(manifest)))
    return { directory, manifest, state: manifest.state };
  // It may have finished between the two looks.
  const last = (await readManifest(directory)) ?? manifest;
  return { directory, manifest: last, state: finalStates.has(last.state) ? last.state : 'lost' };
}

export function newestFirst(a: StoredRun, b: StoredRun): number {
  return compare(b.manifest.started, a.manifest.started) || compare(b.manifest.id, a.manifest.id);
}

/** Every event in the file, in order. Empty when there is none yet. */
export async function readEvents(directory: string): Promise<RunEvent[]> {
  const text = await fs.readFile(path.join(directory, runFiles.events), 'utf8').catch(() => '');
  return parseEventLines(text);
}

/**
 * The events of a text of JSON lines. Torn and foreign lines are passed over, and so is a number that has been seen.
 * Types and fields that this version does not know are handed on: ignoring them is up to whoever draws them, and a hole
 * in the numbers would look like a loss.
 */
export function parseEventLines(text: string, after = 0): RunEvent[] {
  let last = after;
  return text.split('\n').flatMap((line) => {
    const event = parseObject(line);
    if (!isEvent(event) || event.seq <= last) return [];
    last = event.seq;
    return [event];
  });
}

/** Null when it is absent or unreadable. Lists that an older version did not write come as empty lists. */
export async function readManifest(directory: string): Promise<RunManifest | null> {
  const value = await readObject(path.join(directory, runFiles.manifest));
  return value && isManifest(value)
    ? {
        ...value,
        engines: list(value.engines),
        seeds: list(value.seeds),
        roles: list(value.roles),
        classNames: list(value.classNames),
      }
    : null;
}

/** Null when the run has not finished, or when the file is unreadable. */
export async function readReport(directory: string): Promise<RunReport | null> {
  const value = await readObject(path.join(directory, runFiles.report));
  return value && isReport(value) ? value : null;
}

async function readObject(file: string): Promise<Record<string, unknown> | undefined> {
  const text = await fs.readFile(file, 'utf8').catch(() => '');
  return parseObject(text);
}

function isEvent(value: Record<string, unknown> | undefined): value is Record<string, unknown> & RunEvent {
  return (
    value !== undefined &&
    typeof value['seq'] === 'number' &&
    Number.isInteger(value['seq']) &&
    typeof value['time'] === 'string' &&
    typeof value['type'] === 'string'
  );
}

const states: readonly unknown[] = ['starting', 'running', 'evaluating', ...finalStates] satisfies RunState[];

function isManifest(value: Record<string, unknown>): value is Record<string, unknown> & RunManifest {
  const texts = ['id', 'name', 'file', 'hash', 'processStart', 'started'];
  return (
    states.includes(value['state']) &&
    typeof value['pid'] === 'number' &&
    texts.every((key) => typeof value[key] === 'string')
  );
}

function isReport(value: Record<string, unknown>): value is Record<string, unknown> & RunReport {
  const { roles, comparisons, expect } = value;
  return typeof roles === 'object' && roles !== null && Array.isArray(comparisons) && Array.isArray(expect);
}

function list<T>(value: T[]): T[] {
  return Array.isArray(value) ? value : [];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
