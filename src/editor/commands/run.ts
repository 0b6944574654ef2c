import * as vscode from 'vscode';
import { newRunId, runDirectory, workspaceOf } from '../../runs/paths';
import { commands } from '../contributions';
import { experimentName, isExperimentFile } from '../experiments';
import { setting, trusted } from '../host';
import type { Host } from '../host';
import { isLive } from '../runs/runModel';
import { launch } from './launch';

/** Runs the experiment of the argument, else of the active editor, else one that is chosen. */
export async function run(host: Host, argument: unknown): Promise<void> {
  const file = await experimentOf(host, argument);
  if (
    !file ||
    !(await trusted('Running experiments')) ||
    !(await saved(file)) ||
    !(await mayRunBeside(host, file))
  )
    return;
  await start(host, file);
}

/** @param engine of the setting, unless something is known against it. */
export async function start(
  host: Host,
  file: vscode.Uri,
  engine: string = setting('distillery.engine'),
): Promise<void> {
  const workspace = workspaceOf(file.fsPath);
  const directory = runDirectory(workspace, newRunId(experimentName(file.fsPath), new Date()));
  await launch(host, {
    task: { command: 'run', file: file.fsPath, directory, engine },
    file,
    again: () => start(host, file),
    afterNativeCrash: (crash) => afterNativeCrash(host, file, engine, crash),
  });
  void host.store.addWorkspaces([workspace]);
  if (setting('distillery.openDashboardOnRun') && !hasErrors(file)) host.dashboards.open(directory);
  else host.dashboards.show(directory);
}

/** An engine that was chosen by itself is replaced by itself; one that was asked for, only when that is wished. */
export async function afterNativeCrash(
  host: Host,
  file: vscode.Uri,
  engine: string,
  crash: string,
): Promise<void> {
  const what = `Native TensorFlow crashed (${crash}) while it computed “${experimentName(file.fsPath)}”.`;
  const diagnostics = 'Show Engine Diagnostics';
  const again = 'Run with WebAssembly';
  const replaced = engine === 'auto';
  if (replaced) await start(host, file, 'wasm');
  const choice = await vscode.window.showWarningMessage(
    replaced ? `${what} It runs again, with WebAssembly.` : what,
    ...(replaced ? [] : [again]),
    diagnostics,
  );
  if (choice === again) await start(host, file, 'wasm');
  if (choice === diagnostics) await vscode.commands.executeCommand(commands.showEngineDiagnostics);
}

/** Undefined when there is none, which is then told, or none was chosen. */
async function experimentOf(host: Host, argument: unknown): Promise<vscode.Uri | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri;
  for (const uri of [argument, active])
    if (uri instanceof vscode.Uri && uri.scheme === 'file' && isExperimentFile(uri.fsPath)) return uri;
  const files = await host.files.all();
  if (files.length === 0) {
    const create = 'New Experiment';
    const choice = await vscode.window.showInformationMessage(
      'There is no experiment in this workspace yet: a file whose name ends in .distill.yaml.',
      create,
    );
    if (choice === create) await vscode.commands.executeCommand(commands.newExperiment);
    return undefined;
  }
  const items = files.map((uri) => ({
    label: `$(beaker) ${experimentName(uri.fsPath)}`,
    description: vscode.workspace.asRelativePath(uri),
    uri,
  }));
  return (
    await vscode.window.showQuickPick(items, {
      placeHolder: 'Which experiment shall run?',
      matchOnDescription: true,
    })
  )?.uri;
}

/** What is on the screen is what runs. */
async function saved(file: vscode.Uri): Promise<boolean> {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === file.toString());
  if (!document?.isDirty || (await document.save())) return true;
  void vscode.window.showWarningMessage('The experiment could not be saved, so it was not run.');
  return false;
}

/** A file with errors does not start: an empty dashboard would only be in the way of the message that says so. */
function hasErrors(file: vscode.Uri): boolean {
  return vscode.languages
    .getDiagnostics(file)
    .some(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
}

/** A second run of the same file is seldom meant: it would only make both slower. */
async function mayRunBeside(host: Host, file: vscode.Uri): Promise<boolean> {
  const { latest } = host.store.ofFile(file.fsPath);
  if (!latest || !isLive(latest)) return true;
  const dashboard = 'Open Dashboard';
  const beside = 'Run Another';
  const choice = await vscode.window.showInformationMessage(
    `“${latest.manifest.name}” is running already.`,
    dashboard,
    beside,
  );
  if (choice === dashboard) host.dashboards.open(latest.directory);
  return choice === beside;
}
