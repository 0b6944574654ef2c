import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension('distillery.distillery');
  assert.ok(found, 'the extension is installed');
  return found;
}

/** A file of the workspace that the tests run in. */
export function inWorkspace(...names: string[]): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'a folder is open');
  return vscode.Uri.joinPath(folder.uri, ...names);
}

/** Writes a new experiment file into the workspace and shows it. */
export async function showExperiment(name: string, text: string): Promise<vscode.TextEditor> {
  const uri = inWorkspace(name);
  fs.writeFileSync(uri.fsPath, text);
  return vscode.window.showTextDocument(uri);
}

/** The names of the run directories in the workspace, oldest first. */
export function runIds(): string[] {
  const folder = inWorkspace('.distillery', 'runs').fsPath;
  return fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
}

export function runFile(id: string, name: string): string {
  return path.join(inWorkspace('.distillery', 'runs', id).fsPath, name);
}

/** A JSON file, or undefined while it is not there or not whole. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Waits for a condition that VS Code has no event for.
 *
 * @throws with what it waited for, when the time is over
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s for ${what} in vain.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
