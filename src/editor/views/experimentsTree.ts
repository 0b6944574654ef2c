import * as vscode from 'vscode';
import { views } from '../contributions';
import { DisposableStore } from '../disposables';
import type { ExperimentFiles } from '../experimentFiles';
import { experimentName } from '../experiments';
import type { RunModel } from '../runs/runModel';
import { samePath } from '../runs/runStore';
import type { RunStore } from '../runs/runStore';
import { Throttle } from '../throttle';
import { treeItem } from './treeItem';
import { experimentRow } from './treeTexts';

/** Every experiment file of the workspace with its last result. Its elements are the files. */
export class ExperimentsTree implements vscode.TreeDataProvider<vscode.Uri> {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new vscode.EventEmitter<vscode.Uri[] | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  private readonly refresh = this.owned.add(new Throttle(500, () => this.tell()));
  private shown: vscode.Uri[] = [];
  /** Rows that changed. Reading a whole tree again shows a progress bar each time. */
  private stale = new Set<vscode.Uri>();

  constructor(
    private readonly files: ExperimentFiles,
    private readonly store: RunStore,
  ) {
    this.owned.add(store.onDidChange((run) => this.hear(run)));
    this.owned.add(files.onDidChange(() => this.changed.fire(undefined)));
    this.owned.add(vscode.window.registerTreeDataProvider(views.experiments, this));
  }

  async getChildren(file?: vscode.Uri): Promise<vscode.Uri[]> {
    if (file) return [];
    this.shown = await this.files.all();
    return this.shown;
  }

  getTreeItem(file: vscode.Uri): vscode.TreeItem {
    const { latest, withResult } = this.store.ofFile(file.fsPath);
    const row = experimentRow(
      experimentName(file.fsPath),
      vscode.workspace.asRelativePath(file),
      latest,
      withResult,
    );
    const item = treeItem(row);
    item.id = file.toString();
    item.resourceUri = file;
    item.command = { title: 'Open', command: 'vscode.open', arguments: [file] };
    return item;
  }

  dispose(): void {
    this.owned.dispose();
  }

  private hear(run: RunModel | undefined): void {
    for (const file of this.shown) if (!run || samePath(run.manifest.file, file.fsPath)) this.stale.add(file);
    this.refresh.request();
  }

  private tell(): void {
    const stale = [...this.stale].filter((file) => this.shown.includes(file));
    this.stale = new Set();
    if (stale.length > 0) this.changed.fire(stale);
  }
}
