import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { languageId } from './contributions';
import type { Disposable } from './disposables';

/** Starts the language server and connects it. Disposing of the client ends the server. */
export async function startLanguageClient(extensionUri: vscode.Uri): Promise<Disposable> {
  const module = vscode.Uri.joinPath(extensionUri, 'dist', 'server.js').fsPath;
  const client = new LanguageClient(
    'distillery',
    'Distillery Language Server',
    { module, transport: TransportKind.ipc },
    { documentSelector: [{ language: languageId }] },
  );
  try {
    await client.start();
  } catch (error) {
    await client.dispose().catch(() => undefined);
    throw error;
  }
  return { dispose: () => void client.dispose().catch(() => undefined) };
}
