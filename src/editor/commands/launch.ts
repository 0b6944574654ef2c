import * as vscode from 'vscode';
import path from 'node:path';
import type { ProblemEvent } from '../../runs/events';
import { readEvents, readRun } from '../../runs/reader';
import { commands } from '../contributions';
import { experimentName } from '../experiments';
import { setting, trainerPath } from '../host';
import type { Host } from '../host';
import { outcome } from '../launch/outcome';
import { launchTrainer, workersArgument } from '../launch/trainerProcess';
import type { TrainerExit, TrainerTask } from '../launch/trainerProcess';
import { mnistFolder, offerMnist } from '../mnist/offerMnist';
import { nativeCrash } from '../nativeSetup/nativeCrash';
import { isLive } from '../runs/runModel';
import { goTo } from './onRuns';

/** A trainer to be started, and what is done when it ends in one of two ways that can be cured at once. */
export interface Launch {
  task: TrainerTask;
  /** The experiment file. */
  file: vscode.Uri;
  /** MNIST was missing and is there now. */
  again(): Promise<void>;
  /** Native TensorFlow crashed. @param crash its signal, for people. */
  afterNativeCrash(crash: string): Promise<void>;
}

/** Starts a trainer and returns once it is started; how it ends is told when it ends. */
export async function launch(host: Host, { task, file, ...cures }: Launch): Promise<void> {
  const { directory } = task;
  const mnist = await mnistFolder(host);
  const awaited = host.store.awaitRun(directory);
  const began = new Date().toISOString();
  const log = vscode.Uri.joinPath(host.logUri, `${path.basename(directory)}.log`).fsPath;
  const workers = workersArgument(setting('distillery.workers'));
  void launchTrainer({ trainer: trainerPath(host), task, workers, mnist, log })
    .then((exit) => tellOutcome(host, { task, file, ...cures }, began, exit))
    .catch((error: unknown) => {
      host.log.error(error as Error);
      void vscode.window.showErrorMessage(
        `“${experimentName(file.fsPath)}” could not be started: ${(error as Error).message}`,
      );
    })
    .finally(() => awaited.dispose());
}

/** @param began when the trainer was started: a run that is resumed may hold problems from before. */
async function tellOutcome(
  host: Host,
  { task, file, ...cures }: Launch,
  began: string,
  exit: TrainerExit,
): Promise<void> {
  const { command, directory } = task;
  await host.store.scan();
  await host.store.reread(directory);
  const run = await readRun(directory);
  if (exit.code !== 0)
    host.log.warn(
      `${path.basename(directory)} ended with ${exit.code ?? exit.signal ?? '?'}\n${exit.output}`,
    );
  const crash = nativeCrash(exit);
  if (crash !== undefined) return cures.afterNativeCrash(crash);
  const name = run?.manifest.name ?? experimentName(file.fsPath);
  const dashboard = 'Open Dashboard';
  if (command === 'resume' && run && isLive(run) && exit.code !== 0) {
    const message = `“${name}” has been resumed already, in another window or in a terminal.`;
    const choice = await vscode.window.showInformationMessage(message, dashboard);
    if (choice === dashboard) host.dashboards.open(directory);
    return;
  }
  const problems = (await readEvents(directory)).filter(
    (event): event is ProblemEvent => event.type === 'problem' && event.time >= began,
  );
  const told = outcome(name, command, exit, run?.manifest ?? null, problems);
  if (!told) return;
  if (told.mnistMissing) {
    if (await offerMnist(host, told.message)) await cures.again();
    return;
  }
  const goToLine = 'Go to Line';
  const diagnostics = 'Show Engine Diagnostics';
  const actions = [
    ...(told.place ? [goToLine] : []),
    ...(exit.code === 3 ? [diagnostics] : []),
    ...(run ? [dashboard] : []),
  ];
  const show = told.severity === 'error' ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
  const choice = await show(told.message, ...actions);
  if (choice === goToLine) await goTo(file, told.place?.line, told.place?.column);
  if (choice === dashboard) host.dashboards.open(directory);
  if (choice === diagnostics) await vscode.commands.executeCommand(commands.showEngineDiagnostics);
}
