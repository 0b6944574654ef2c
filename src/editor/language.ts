import * as vscode from 'vscode';
import type { DisposableStore } from './disposables';

/** Loads and starts the language client, after activation. A failure is shown once, with a way to try again. */
export async function startLanguage(
  extensionUri: vscode.Uri,
  owner: DisposableStore,
  log: vscode.LogOutputChannel,
): Promise<void> {
  try {
    const { startLanguageClient } = await import('./languageClient');
    owner.add(await startLanguageClient(extensionUri));
  } catch (error) {
    log.error(error as Error);
    const retry = 'Retry';
    const choice = await vscode.window.showErrorMessage(
      `Checking, completion and explanations of experiment files are off, because their language server did not start: ${(error as Error).message}`,
      retry,
    );
    if (choice === retry) await startLanguage(extensionUri, owner, log);
  }
}
