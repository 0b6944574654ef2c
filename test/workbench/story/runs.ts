import fs from 'node:fs';
import path from 'node:path';
import type { RunEvent } from '../../../src/runs/events';
import type { RunManifest } from '../../../src/runs/manifest';
import { until } from './workbench';

/** The run directories of a workspace, read as files, apart from all code that the dashboard uses. */
export class Runs {
  constructor(private readonly workspace: string) {}

  /** The ids of runs whose manifest is there, oldest first. */
  get ids(): string[] {
    const folder = path.join(this.workspace, '.distillery', 'runs');
    if (!fs.existsSync(folder)) return [];
    return fs
      .readdirSync(folder)
      .filter((id) => fs.existsSync(this.file(id, 'run.json')))
      .sort();
  }

  /** Does something that starts a run, and waits until its directory is there. */
  async startedBy(start: () => Promise<unknown>): Promise<string> {
    const before = new Set(this.ids);
    await start();
    await until('a new run directory', () => this.ids.some((id) => !before.has(id)));
    return this.ids.find((id) => !before.has(id))!;
  }

  manifest(id: string): RunManifest {
    return JSON.parse(fs.readFileSync(this.file(id, 'run.json'), 'utf8')) as RunManifest;
  }

  /** The whole lines of `events.jsonl`. */
  events(id: string): RunEvent[] {
    const text = fs.readFileSync(this.file(id, 'events.jsonl'), 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RunEvent);
  }

  private file(id: string, name: string): string {
    return path.join(this.workspace, '.distillery', 'runs', id, name);
  }
}
