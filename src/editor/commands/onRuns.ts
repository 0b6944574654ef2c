import * as vscode from 'vscode';
import fs from 'node:fs/promises';
import path from 'node:path';
import { appendCommand } from '../../runs/commands';
import { runFiles } from '../../runs/paths';
import type { RunCommand } from '../../runs/events';
import { isExperimentFile } from '../experiments';
import { trusted } from '../host';
import type { Host } from '../host';
import { isLive } from '../runs/runModel';
import type { RunModel } from '../runs/runModel';
import { runRow } from '../views/treeTexts';

/** Asks the run of the argument, or the only live one, or one that is chosen, to stop. */
export async function stop(
  host: Host,
  argument: unknown,
  command: Exclude<RunCommand['command'], 'checkpoint'>,
): Promise<void> {
  const run = runOf(host, argument) ?? (await chooseRun(host.store.live, 'Which run shall stop?'));
  if (!run || !isLive(run)) {
    void vscode.window.showInformationMessage('Nothing is running.');
    return;
  }
  if (!(await trusted('Stopping a run'))) return;
  appendCommand(run.directory, command, new Date());
  vscode.window.setStatusBarMessage(
    command === 'stop-now'
      ? `Stopping “${run.manifest.name}”… It can be resumed later.`
      : `“${run.manifest.name}” will stop when its epoch is finished. It can be resumed later.`,
    5000,
  );
}

export function openDashboard(host: Host, argument: unknown): Promise<void> {
  host.dashboards.open(runOf(host, argument)?.directory);
  return Promise.resolve();
}

/** In the system's file manager where there is one, else as a list of the files that a person can read. */
export async function openRunDirectory(host: Host, argument: unknown): Promise<void> {
  const run = runOf(host, argument) ?? (await chooseRun(host.store.runs, 'Which run?'));
  if (!run) {
    void vscode.window.showInformationMessage('There is no run yet. Open an experiment and press Run.');
    return;
  }
  if (vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined) {
    await vscode.commands.executeCommand(
      'revealFileInOS',
      vscode.Uri.file(path.join(run.directory, runFiles.manifest)),
    );
    return;
  }
  const choice = await vscode.window.showQuickPick(readableFiles(run.directory), {
    title: run.manifest.name,
    placeHolder: run.directory,
    matchOnDescription: true,
  });
  if (choice) await vscode.window.showTextDocument(vscode.Uri.file(path.join(run.directory, choice.label)));
}

/** The experiment file of a run; the copy in its directory when that file is gone or is not one that runs could come from. */
export async function openExperiment(run: RunModel, line?: number, column?: number): Promise<void> {
  const { file } = run.manifest;
  const copy = path.join(run.directory, runFiles.experiment);
  const own = path.isAbsolute(file) && isExperimentFile(file) && (await isFile(file));
  await goTo(vscode.Uri.file(own ? file : copy), line, column);
}

/** @param line, @param column counted from 1. */
export async function goTo(file: vscode.Uri, line?: number, column?: number): Promise<void> {
  const options: vscode.TextDocumentShowOptions = {};
  if (line !== undefined) {
    const place = new vscode.Position(line - 1, (column ?? 1) - 1);
    options.selection = new vscode.Range(place, place);
  }
  // An editor that already shows the file is used, so that the dashboard beside it is not covered.
  const shown = vscode.window.visibleTextEditors.find(
    (editor) => editor.document.uri.toString() === file.toString(),
  );
  if (shown?.viewColumn !== undefined) options.viewColumn = shown.viewColumn;
  else options.viewColumn = vscode.ViewColumn.One;
  await vscode.window.showTextDocument(file, options);
}

/** Trees and lenses hand over the directory of a run. */
export function runOf(host: Host, argument: unknown): RunModel | undefined {
  return typeof argument === 'string' ? host.store.byDirectory(argument) : undefined;
}

/** The only one at once; undefined when there is none, or none was chosen. */
export async function chooseRun(
  runs: readonly RunModel[],
  placeHolder: string,
): Promise<RunModel | undefined> {
  if (runs.length <= 1) return runs[0];
  const items = runs.map((run) => {
    const { label, description, icon } = runRow(run, Date.now());
    return { label: `$(${icon}) ${label}`, description, detail: run.manifest.id, run };
  });
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true }))?.run;
}

async function readableFiles(directory: string): Promise<vscode.QuickPickItem[]> {
  const descriptions: Record<string, string> = {
    [runFiles.report]: 'the final numbers',
    [runFiles.experiment]: 'the experiment as it was run',
    [runFiles.resolved]: 'the experiment with every default',
    [runFiles.log]: 'what the trainer printed',
    [runFiles.manifest]: 'state, engine and versions',
    [runFiles.events]: 'everything that happened, one line each',
    [runFiles.commands]: 'what the trainer was asked for',
  };
  const names = new Set(await fs.readdir(directory));
  return Object.entries(descriptions)
    .filter(([name]) => names.has(name))
    .map(([label, description]) => ({ label, description }));
}

async function isFile(file: string): Promise<boolean> {
  return fs.stat(file).then(
    (stat) => stat.isFile(),
    () => false,
  );
}
