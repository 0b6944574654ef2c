import * as vscode from 'vscode';
import { languageId } from '../contributions';
import { DisposableStore } from '../disposables';
import { isRunCopy } from '../experiments';
import type { RunStore } from '../runs/runStore';
import { Throttle } from '../throttle';
import { lenses } from './lensTexts';

/** Run, or how it goes, and the last result, above the first line of an experiment file. */
export class ExperimentLens implements vscode.CodeLensProvider {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new vscode.EventEmitter<void>());
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly store: RunStore) {
    const refresh = this.owned.add(new Throttle(1000, () => this.changed.fire()));
    this.owned.add(store.onDidChange(refresh.request));
    this.owned.add(vscode.languages.registerCodeLensProvider({ language: languageId, scheme: 'file' }, this));
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (isRunCopy(document.uri.fsPath)) return [];
    const { latest, withResult } = this.store.ofFile(document.uri.fsPath);
    const first = new vscode.Range(0, 0, 0, 0);
    return lenses(latest, withResult).map(
      ({ title, tooltip, command, run }) =>
        new vscode.CodeLens(first, {
          title,
          tooltip,
          command,
          arguments: [run ? run.directory : document.uri],
        }),
    );
  }

  dispose(): void {
    this.owned.dispose();
  }
}
