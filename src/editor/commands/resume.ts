import * as vscode from 'vscode';
import { setting, trusted } from '../host';
import type { Host } from '../host';
import { canResume, isLive } from '../runs/runModel';
import type { RunModel } from '../runs/runModel';
import { launch } from './launch';
import { chooseRun, runOf } from './onRuns';
import { afterNativeCrash } from './run';

/** Goes on with the run of the argument, or the only one that can be resumed, or one that is chosen. */
export async function resume(host: Host, argument: unknown): Promise<void> {
  const run =
    runOf(host, argument) ?? (await chooseRun(host.store.runs.filter(canResume), 'Which run shall go on?'));
  if (!run) {
    void vscode.window.showInformationMessage('There is no run that was stopped, lost or failed.');
    return;
  }
  // A second click, before the trainer has said that it is there, does nothing.
  if (!(await trusted('Resuming a run')) || host.store.isAwaited(run.directory)) return;
  // Another window or a terminal may have resumed it a moment ago.
  await host.store.reread(run.directory);
  const current = host.store.byDirectory(run.directory);
  if (!current) return;
  if (!canResume(current)) {
    await refuse(host, current);
    return;
  }
  vscode.window.setStatusBarMessage(`Resuming “${current.manifest.name}”…`, 5000);
  await start(host, current);
  if (setting('distillery.openDashboardOnRun')) host.dashboards.open(current.directory);
  else host.dashboards.show(current.directory);
}

async function start(host: Host, run: RunModel): Promise<void> {
  const file = vscode.Uri.file(run.manifest.file);
  await launch(host, {
    task: { command: 'resume', directory: run.directory },
    file,
    again: () => start(host, run),
    // It goes on with the engine that it began with, or not at all: nothing is replaced by itself.
    afterNativeCrash: (crash) => afterNativeCrash(host, file, 'native', crash),
  });
}

async function refuse(host: Host, run: RunModel): Promise<void> {
  const { name } = run.manifest;
  const message = isLive(run)
    ? `“${name}” is running already.`
    : run.state === 'done'
      ? `“${name}” is finished. There is nothing to go on with.`
      : `“${name}” would fail again in the same way. Change the experiment and run it.`;
  const dashboard = 'Open Dashboard';
  const choice = await vscode.window.showInformationMessage(message, dashboard);
  if (choice === dashboard) host.dashboards.open(run.directory);
}
