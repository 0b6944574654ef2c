import * as vscode from 'vscode';
import fs from 'node:fs';
import os from 'node:os';
import { commands } from '../contributions';
import { isExperimentFile } from '../experiments';
import { setting, trusted } from '../host';
import type { Host } from '../host';
import { trainerEnvironment } from '../launch/trainerProcess';
import { startSetup } from './setupProcess';
import type { SetupResult } from './setupProcess';

const diagnostics = 'Show Engine Diagnostics';

/** Says what it will do and how large it is, asks, does it with progress, and offers to run again. */
export async function setUpNative(host: Host): Promise<void> {
  if (!(await trusted('Setting up native TensorFlow'))) return;
  const plan = await perform(host, 'Looking for what native TensorFlow needs…', []);
  if (plan?.type === 'nothing') await tell(plan.text, diagnostics);
  else if (plan?.type === 'problem') complain(plan);
  else if (plan?.type === 'plan' && (await agreed(plan.text))) {
    const result = await perform(host, 'Setting up native TensorFlow', ['--yes']);
    if (result?.type === 'problem') complain(result);
    else if (result) await offerToRun(host, result.text);
  }
}

/** Asks, and takes away what was set up. */
export async function removeNative(host: Host): Promise<void> {
  const remove = 'Remove';
  const choice = await vscode.window.showWarningMessage(
    'Remove native TensorFlow?',
    { modal: true, detail: 'Experiments run on WebAssembly then. It can be set up again at any time.' },
    remove,
  );
  if (choice !== remove) return;
  const result = await perform(host, 'Removing native TensorFlow', ['--uninstall']);
  if (result?.type === 'problem') complain(result);
  else if (result) await tell(result.text);
}

/** Undefined when it was cancelled. */
async function perform(host: Host, title: string, args: readonly string[]): Promise<SetupResult | undefined> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const search = [...folders, host.extensionUri.fsPath].flatMap((folder) => ['--search', folder]);
  const script = vscode.Uri.joinPath(host.extensionUri, 'dist', 'setupNative.js').fsPath;
  const options = { cwd: os.homedir(), env: trainerEnvironment(process.env, undefined) };
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const told = new ToldProgress(progress);
      const running = startSetup(script, [...search, ...args], options, (message) => {
        if (message.type === 'step') told.step(message.step, message.of, message.title);
        if (message.type === 'progress') told.share(message.share);
      });
      token.onCancellationRequested(() => running.cancel());
      const result = await running.result;
      if (!token.isCancellationRequested || result.type === 'done') return result;
      vscode.window.setStatusBarMessage('The set-up was stopped. Nothing was installed.', 5000);
      return undefined;
    },
  );
}

/** Turns steps and their shares into the one bar of a notification. */
class ToldProgress {
  private title = '';
  private start = 0;
  private size = 0;
  private shown = 0;

  constructor(private readonly progress: vscode.Progress<{ message?: string; increment?: number }>) {}

  step(step: number, of: number, title: string): void {
    this.title = title;
    this.size = 100 / of;
    this.start = (step - 1) * this.size;
    this.show(this.start, title);
  }

  share(share: number): void {
    this.show(this.start + share * this.size, `${this.title} (${Math.round(share * 100)}%)`);
  }

  private show(percent: number, message: string): void {
    this.progress.report({ message, increment: Math.max(0, percent - this.shown) });
    this.shown = Math.max(this.shown, percent);
  }
}

async function agreed(detail: string): Promise<boolean> {
  const go = 'Set Up';
  const question = 'Set up native TensorFlow?';
  return (await vscode.window.showInformationMessage(question, { modal: true, detail }, go)) === go;
}

/** Several things may be missing, one a line: only a modal message keeps lines apart. */
function complain({ text }: SetupResult): void {
  const message = 'Native TensorFlow could not be set up.';
  void vscode.window.showErrorMessage(message, { modal: true, detail: text });
}

async function offerToRun(host: Host, text: string): Promise<void> {
  const latest = host.store.runs[0]?.manifest;
  const runnable = latest !== undefined && isExperimentFile(latest.file) && fs.existsSync(latest.file);
  const again = `Run “${latest?.name ?? ''}” Again`;
  const hint =
    setting('distillery.engine') === 'wasm'
      ? ' The setting distillery.engine still asks for WebAssembly.'
      : '';
  const choice = await tell(`${text}${hint}`, ...(runnable ? [again] : []), diagnostics);
  if (choice === again && runnable)
    await vscode.commands.executeCommand(commands.run, vscode.Uri.file(latest.file));
}

async function tell(text: string, ...actions: string[]): Promise<string | undefined> {
  const choice = await vscode.window.showInformationMessage(text, ...actions);
  if (choice === diagnostics) await vscode.commands.executeCommand(commands.showEngineDiagnostics);
  return choice;
}
