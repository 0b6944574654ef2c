import * as vscode from 'vscode';
import type { DiagnosticsDocument } from './commands/diagnosticsDocument';
import type { Dashboards } from './dashboard/dashboards';
import type { ExperimentFiles } from './experimentFiles';
import type { RunStore } from './runs/runStore';
import { settings } from './contributions';
import type { SettingId } from './contributions';

/** What the commands work with. */
export interface Host {
  extensionUri: vscode.Uri;
  /** Kept across sessions: downloaded data lies here. */
  globalStorageUri: vscode.Uri;
  /** Kept for this session. */
  logUri: vscode.Uri;
  log: vscode.LogOutputChannel;
  store: RunStore;
  files: ExperimentFiles;
  dashboards: Dashboards;
  diagnostics: DiagnosticsDocument;
}

/** The value of a setting, which has the type of its default. */
export function setting<Id extends SettingId>(id: Id): Widened<(typeof settings)[Id]> {
  return vscode.workspace.getConfiguration().get(id, settings[id]) as Widened<(typeof settings)[Id]>;
}

type Widened<T> = T extends boolean ? boolean : string;

export function trainerPath(host: Pick<Host, 'extensionUri'>): string {
  return vscode.Uri.joinPath(host.extensionUri, 'dist', 'trainer.js').fsPath;
}

/** True in a trusted workspace; else says why not, and offers the cure. */
export async function trusted(what: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = 'Manage Workspace Trust';
  const choice = await vscode.window.showWarningMessage(
    `${what} is off in restricted mode, because an experiment decides which files are read and written and how long this machine works. Trust this workspace if you know where its files come from.`,
    manage,
  );
  if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  return vscode.workspace.isTrusted;
}
