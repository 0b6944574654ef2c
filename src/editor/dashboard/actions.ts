import * as vscode from 'vscode';
import fs from 'node:fs';
import { openExperiment } from '../commands/onRuns';
import { commands } from '../contributions';
import { isExperimentFile } from '../experiments';
import type { DashboardActions } from './session';

/** What the dashboard's buttons do: the same as the commands, which also tell what goes wrong. */
export const dashboardActions: DashboardActions = {
  trusted: () => vscode.workspace.isTrusted,
  stop: (run, command) =>
    void vscode.commands.executeCommand(
      command === 'stop-now' ? commands.stopNow : commands.stopAfterEpoch,
      run.directory,
    ),
  openExperiment: (run, line, column) => void openExperiment(run, line, column),
  openDirectory: (run) => void vscode.commands.executeCommand(commands.openRunDirectory, run.directory),
  newExperiment: () => void vscode.commands.executeCommand(commands.newExperiment),
  resume: (run) => void vscode.commands.executeCommand(commands.resume, run.directory),
  runAgain: (run) => {
    const { file } = run.manifest;
    if (isExperimentFile(file) && fs.existsSync(file))
      void vscode.commands.executeCommand(commands.run, vscode.Uri.file(file));
    else
      void vscode.window.showWarningMessage(
        `The experiment file of this run is gone: ${file}. Its copy is in the run directory.`,
      );
  },
};
