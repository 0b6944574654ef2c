import * as vscode from 'vscode';
import { DisposableStore } from '../disposables';

const address = vscode.Uri.parse('distillery:/Engine Diagnostics.md');

/** A read-only document: it can be copied from, and asks nobody to save it. */
export class DiagnosticsDocument implements vscode.TextDocumentContentProvider {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.changed.event;
  private text = '';

  constructor() {
    this.owned.add(vscode.workspace.registerTextDocumentContentProvider(address.scheme, this));
  }

  provideTextDocumentContent(): string {
    return this.text;
  }

  async show(text: string): Promise<void> {
    this.text = text;
    this.changed.fire(address);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(address), { preview: true });
  }

  dispose(): void {
    this.owned.dispose();
  }
}
