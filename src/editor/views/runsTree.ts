import * as vscode from 'vscode';
import { commands, views } from '../contributions';
import { DisposableStore } from '../disposables';
import type { Disposable } from '../disposables';
import type { RunModel } from '../runs/runModel';
import type { RunStore } from '../runs/runStore';
import { Throttle } from '../throttle';
import { treeItem } from './treeItem';
import { runRow } from './treeTexts';

/** Every run of the workspace, newest first. Its elements are run directories. */
export class RunsTree implements vscode.TreeDataProvider<string> {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new vscode.EventEmitter<string[] | undefined>());
  readonly onDidChangeTreeData = this.changed.event;
  private readonly refresh = this.owned.add(new Throttle(500, () => this.tell()));
  /** Rows that changed; undefined: the list itself. Reading a whole tree again shows a progress bar each time. */
  private stale: Set<string> | undefined = new Set();
  private watching: Disposable | undefined;

  constructor(private readonly store: RunStore) {
    this.owned.add(store.onDidChange((run) => this.hear(run)));
    const view = this.owned.add(vscode.window.createTreeView(views.runs, { treeDataProvider: this }));
    this.owned.add(view.onDidChangeVisibility(({ visible }) => this.watch(visible)));
  }

  getChildren(directory?: string): string[] {
    return directory === undefined ? this.store.runs.map((run) => run.directory) : [];
  }

  getTreeItem(directory: string): vscode.TreeItem {
    const run = this.store.byDirectory(directory);
    if (!run) return new vscode.TreeItem('This run has been deleted');
    const item = treeItem(runRow(run, Date.now()));
    item.id = run.directory;
    item.command = { title: 'Open Dashboard', command: commands.openDashboard, arguments: [run.directory] };
    return item;
  }

  dispose(): void {
    this.watch(false);
    this.owned.dispose();
  }

  private hear(run: RunModel | undefined): void {
    if (run) this.stale?.add(run.directory);
    else this.stale = undefined;
    this.refresh.request();
  }

  private tell(): void {
    const { stale } = this;
    this.stale = new Set();
    this.changed.fire(stale && [...stale]);
  }

  private watch(visible: boolean): void {
    this.watching?.dispose();
    this.watching = visible ? this.store.watch() : undefined;
  }
}
