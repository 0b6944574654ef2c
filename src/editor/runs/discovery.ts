import * as vscode from 'vscode';
import path from 'node:path';
import { runFiles, workspaceOf } from '../../runs/paths';
import { DisposableStore } from '../disposables';
import type { ExperimentFiles } from '../experimentFiles';
import type { RunStore } from './runStore';

const manifests = '**/.distillery/runs/*/run.json';

/**
 * Tells the store where runs are kept: beside the experiments, at the roots of the workspace, and wherever a manifest is
 * found or appears. Runs from a terminal come to light this way.
 */
export class RunDiscovery {
  private readonly owned = new DisposableStore();

  constructor(
    private readonly store: RunStore,
    private readonly files: ExperimentFiles,
  ) {
    const watcher = this.owned.add(vscode.workspace.createFileSystemWatcher(manifests));
    this.owned.add(watcher.onDidCreate((uri) => void this.store.addWorkspaces([workspaceOfManifest(uri)])));
    this.owned.add(watcher.onDidChange((uri) => void this.store.reread(path.dirname(uri.fsPath))));
    this.owned.add(watcher.onDidDelete(() => void this.store.scan()));
    this.owned.add(files.onDidChange(() => void this.look()));
  }

  /** Resolves when all runs that are on the disk are in the store. */
  async look(): Promise<void> {
    // A null exclusion: people hide .distillery from the explorer and from searches.
    const [experiments, found] = await Promise.all([
      this.files.all(),
      vscode.workspace.findFiles(manifests, null, 10_000),
    ]);
    const roots = vscode.workspace.workspaceFolders ?? [];
    await this.store.addWorkspaces([
      ...roots
        .filter(({ uri }) => uri.scheme === 'file')
        .map(({ uri }) => workspaceOf(path.join(uri.fsPath, 'any'))),
      ...experiments.map((file) => workspaceOf(file.fsPath)),
      ...found.map(workspaceOfManifest),
    ]);
  }

  dispose(): void {
    this.owned.dispose();
  }
}

/** `W` of `W/.distillery/runs/ID/run.json`. */
function workspaceOfManifest(uri: vscode.Uri): string {
  return path.resolve(uri.fsPath.slice(0, -runFiles.manifest.length), '..', '..', '..');
}
