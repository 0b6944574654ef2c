import * as vscode from 'vscode';
import { experimentGlob } from './contributions';
import { DisposableStore } from './disposables';
import { isExperimentFile } from './experiments';

/** The experiment files of the workspace. */
export class ExperimentFiles {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new vscode.EventEmitter<void>());
  readonly onDidChange = this.changed.event;

  constructor() {
    const watcher = this.owned.add(
      vscode.workspace.createFileSystemWatcher(experimentGlob, false, true, false),
    );
    this.owned.add(watcher.onDidCreate(() => this.changed.fire()));
    this.owned.add(watcher.onDidDelete(() => this.changed.fire()));
    this.owned.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.changed.fire()));
  }

  /** In the order of their paths. Run directories hold copies, which do not count. */
  async all(): Promise<vscode.Uri[]> {
    const found = await vscode.workspace.findFiles(experimentGlob, '**/{node_modules,.distillery}/**', 1000);
    return found
      .filter((file) => file.scheme === 'file' && isExperimentFile(file.fsPath))
      .sort((a, b) => a.fsPath.localeCompare(b.fsPath));
  }

  dispose(): void {
    this.owned.dispose();
  }
}
