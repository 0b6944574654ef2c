import assert from 'node:assert/strict';
import fs from 'node:fs';
import * as vscode from 'vscode';
import type { RunManifest } from '../../../../src/runs/manifest';
import { installFakeNative } from '../../../trainer/engine/fakeNative';
import { inWorkspace, readJson, runFile, runIds, until } from './help';

describe('a run that native TensorFlow takes down', () => {
  before(() =>
    // It works in the trial and in the self-test, and then crashes in the first epoch.
    installFakeNative(inWorkspace().fsPath, {
      write: `if (process.argv[2] === 'run' && (globalThis.written = (globalThis.written ?? 0) + 1) > 2000)
        process.kill(process.pid, 'SIGSEGV');`,
    }),
  );
  after(() => fs.rmSync(inWorkspace('node_modules').fsPath, { recursive: true }));

  it('runs again on WebAssembly by itself', async () => {
    const before = new Set(runIds());
    const engines = () =>
      runIds()
        .filter((id) => !before.has(id))
        .map((id) => readJson(runFile(id, 'run.json')) as RunManifest | undefined)
        .map((manifest) => `${manifest?.engine} ${manifest?.state}`)
        .sort();
    await vscode.window.showTextDocument(inWorkspace('tiny.distill.yaml'));
    await vscode.commands.executeCommand('distillery.run', inWorkspace('tiny.distill.yaml'));
    await until('the second run to be done', () => engines().includes('wasm done'), 60_000);
    assert.deepEqual(engines(), ['tensorflow running', 'wasm done']);
  });
});
