import * as vscode from 'vscode';
import path from 'node:path';
import type { ProblemEvent } from '../../runs/events';
import { newRunId, runDirectory, workspaceOf } from '../../runs/paths';
import { readEvents, readManifest } from '../../runs/reader';
import { commands } from '../contributions';
import { experimentName, isExperimentFile } from '../experiments';
import { setting, trainerPath, trusted } from '../host';
import type { Host } from '../host';
import { outcome } from '../launch/outcome';
import { launchTrainer } from '../launch/trainerProcess';
import type { TrainerExit } from '../launch/trainerProcess';
import { mnistFolder, offerMnist } from '../mnist/offerMnist';
import { isLive } from '../runs/runModel';
import { goTo } from './onRuns';

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

async function start(host: Host, file: vscode.Uri): Promise<void> {
  const name = experimentName(file.fsPath);
  const workspace = workspaceOf(file.fsPath);
  const id = newRunId(name, new Date());
  const directory = runDirectory(workspace, id);
  const mnist = await mnistFolder(host);
  const awaited = host.store.awaitRun(directory);
  void host.store.addWorkspaces([workspace]);
  if (setting('distillery.openDashboardOnRun') && !hasErrors(file)) host.dashboards.open(directory);
  else host.dashboards.show(directory);
  const log = vscode.Uri.joinPath(host.logUri, `${id}.log`).fsPath;
  const exited = launchTrainer({
    trainer: trainerPath(host),
    file: file.fsPath,
    directory,
    engine: setting('distillery.engine'),
    mnist,
    log,
  });
  // The command is done once the trainer is started; how it ends is told when it ends.
  void exited
    .then((exit) => tellOutcome(host, file, directory, exit))
    .catch((error: unknown) => {
      host.log.error(error as Error);
      void vscode.window.showErrorMessage(`“${name}” could not be started: ${(error as Error).message}`);
    })
    .finally(() => awaited.dispose());
}

async function tellOutcome(
  host: Host,
  file: vscode.Uri,
  directory: string,
  exit: TrainerExit,
): Promise<void> {
  await host.store.scan();
  const manifest = await readManifest(directory);
  if (exit.code !== 0)
    host.log.warn(
      `${path.basename(directory)} ended with ${exit.code ?? exit.signal ?? '?'}\n${exit.output}`,
    );
  const problems = (await readEvents(directory)).filter(
    (event): event is ProblemEvent => event.type === 'problem',
  );
  const told = outcome(manifest?.name ?? experimentName(file.fsPath), exit, manifest, problems);
  if (!told) return;
  if (told.mnistMissing) {
    if (await offerMnist(host, told.message)) await start(host, file);
    return;
  }
  const goToLine = 'Go to Line';
  const dashboard = 'Open Dashboard';
  const diagnostics = 'Show Engine Diagnostics';
  const actions = [
    ...(told.place ? [goToLine] : []),
    ...(exit.code === 3 ? [diagnostics] : []),
    ...(manifest ? [dashboard] : []),
  ];
  const show = told.severity === 'error' ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
  const choice = await show(told.message, ...actions);
  if (choice === goToLine) await goTo(file, told.place?.line, told.place?.column);
  if (choice === dashboard) host.dashboards.open(directory);
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
