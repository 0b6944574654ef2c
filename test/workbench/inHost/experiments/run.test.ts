import assert from 'node:assert/strict';
import fs from 'node:fs';
import * as vscode from 'vscode';
import type { RunEvent } from '../../../../src/runs/events';
import type { RunManifest } from '../../../../src/runs/manifest';
import type { RunReport } from '../../../../src/runs/report';
import { note } from '../notes';
import { inWorkspace, readJson, runFile, runIds, showExperiment, until } from './help';

describe('Run', () => {
  it('trains a tiny experiment to its report', async () => {
    const started = performance.now();
    const id = await startRun('tiny.distill.yaml');
    await until('the report', () => readJson(runFile(id, 'report.json')) !== undefined);
    await until('the run to be done', () => manifestOf(id)?.state === 'done');
    note(`from Run to the report: ${((performance.now() - started) / 1000).toFixed(1)} s`);

    const report = readJson(runFile(id, 'report.json')) as RunReport;
    assert.equal(report.testSamples, 100);
    assert.ok(report.roles.teacher!.accuracy.mean > 0.9, 'the teacher can tell the stripes apart');
    assert.ok(report.roles.student && report.roles.scratch, 'both students are in the report');
    assert.equal(manifestOf(id)!.exitCode, 0);
    assertGapless(id);
  });

  it('stops after the epoch when asked', async () => {
    const id = await startRun('long.distill.yaml');
    await runLens('long.distill.yaml', 'distillery.stopAfterEpoch');
    await until('the run to be stopped', () => manifestOf(id)?.state === 'stopped');
    assert.equal(manifestOf(id)!.exitCode, 0);
    assertGapless(id);
  });

  it('stops at once when asked', async () => {
    const id = await startRun('long.distill.yaml');
    await runLens('long.distill.yaml', 'distillery.stopNow');
    await until('the run to be stopped', () => manifestOf(id)?.state === 'stopped', 10_000);
    assertGapless(id);
  });
});

describe('Resume', () => {
  after(() => setting('workers', undefined));

  it('goes on with a stopped run to its end, with two students at once when that is set', async () => {
    await setting('workers', 2);
    const name = 'stopped.distill.yaml';
    const text = fs.readFileSync(inWorkspace('tiny.distill.yaml').fsPath, 'utf8');
    await showExperiment(
      name,
      text.replace('name: Tiny', 'name: Stopped').replace('epochs: 3', 'epochs: 400'),
    );
    const id = await startRun(name);
    const steps = () => eventsOf(id).filter((event) => event.type === 'progress' && event.role !== 'teacher');
    await until(
      'steps of both students',
      () => new Set(steps().map((e) => 'role' in e && e.role)).size === 2,
    );
    await runLens(name, 'distillery.stopNow');
    await until('the run to be stopped', () => manifestOf(id)?.state === 'stopped');
    const before = eventsOf(id);
    const { pid } = manifestOf(id)!;

    await runLens(name, 'distillery.resume');
    await until('another process', () => manifestOf(id)!.pid !== pid);
    await until('the run to be done', () => manifestOf(id)?.state === 'done');
    assert.equal(manifestOf(id)!.exitCode, 0);
    assert.ok(readJson(runFile(id, 'report.json')), 'there is a report');
    assertGapless(id);
    const after = eventsOf(id).slice(before.length);
    const resumed = after.filter((event) => event.type === 'stage' && event.state === 'resumed');
    assert.deepEqual(resumed.map((event) => event.type === 'stage' && event.stage).sort(), [
      'scratch/1/distill',
      'student/1/distill',
    ]);
    for (const event of resumed)
      assert.ok(event.type === 'stage' && event.step! > 0, 'it begins where it stood');
    for (const events of [before, after])
      assert.ok(
        events.some(
          (event) => event.type === 'log' && event.message.startsWith('Training 2 students at once.'),
        ),
        'the setting reached the trainer',
      );
  });
});

/** Runs an experiment file of the workspace; its run directory is there when this is done. */
async function startRun(name: string): Promise<string> {
  const before = new Set(runIds());
  const newRun = () => runIds().find((id) => !before.has(id) && manifestOf(id) !== undefined);
  await vscode.window.showTextDocument(inWorkspace(name));
  await vscode.commands.executeCommand('distillery.run', inWorkspace(name));
  await until('a new run directory', () => newRun() !== undefined);
  return newRun()!;
}

async function setting(name: string, value: unknown): Promise<void> {
  const target = vscode.ConfigurationTarget.Workspace;
  await vscode.workspace.getConfiguration('distillery').update(name, value, target);
}

function manifestOf(id: string): RunManifest | undefined {
  return readJson(runFile(id, 'run.json')) as RunManifest | undefined;
}

function eventsOf(id: string): RunEvent[] {
  const lines = fs.readFileSync(runFile(id, 'events.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

/** Does what a click on a lens does, as soon as the lens is there. */
async function runLens(name: string, id: string): Promise<void> {
  let found: vscode.Command | undefined;
  await until(`the lens ${id}`, async () => {
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      inWorkspace(name),
      10,
    );
    found = lenses.map(({ command }) => command).find((command) => command?.command === id);
    return found !== undefined;
  });
  await vscode.commands.executeCommand(id, ...(found!.arguments as unknown[]));
}

function assertGapless(id: string): void {
  const numbers = eventsOf(id).map(({ seq }) => seq);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  );
}
