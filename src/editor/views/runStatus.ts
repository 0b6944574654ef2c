import * as vscode from 'vscode';
import { commands, contextKeys } from '../contributions';
import type { ContextKey } from '../contributions';
import { DisposableStore } from '../disposables';
import { canResume } from '../runs/runModel';
import type { RunStore } from '../runs/runStore';
import { Throttle } from '../throttle';
import { statusText } from './treeTexts';

/** The status bar item while something runs, and the context keys that commands are shown by. */
export class RunStatus {
  private readonly owned = new DisposableStore();
  private readonly item = this.owned.add(
    vscode.window.createStatusBarItem('distillery.run', vscode.StatusBarAlignment.Left),
  );
  private readonly keys = new Map<ContextKey, boolean>();

  constructor(private readonly store: RunStore) {
    this.item.name = 'Distillery';
    const update = this.owned.add(new Throttle(500, () => this.update()));
    this.owned.add(store.onDidChange(update.request));
  }

  dispose(): void {
    this.owned.dispose();
  }

  private update(): void {
    const { live, runs } = this.store;
    this.set(contextKeys.running, live.length > 0);
    this.set(contextKeys.canResume, runs.some(canResume));
    this.set(contextKeys.hasRuns, runs.length > 0);
    const status = statusText(live);
    if (!status) {
      this.item.hide();
      return;
    }
    this.item.text = status.text;
    this.item.tooltip = new vscode.MarkdownString(status.tooltip);
    this.item.command = {
      title: 'Open Dashboard',
      command: commands.openDashboard,
      arguments: [live[0]?.directory],
    };
    this.item.show();
  }

  private set(key: ContextKey, value: boolean): void {
    if (this.keys.get(key) === value) return;
    this.keys.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
