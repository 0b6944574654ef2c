import * as vscode from 'vscode';
import type { Host } from '../host';
import { fileNameFor, templateChoice, withName } from './templates';

/** Asks for a template, a name and, when that is not clear, a folder; writes the file and opens it. */
export async function newExperiment(host: Host, argument: unknown): Promise<void> {
  const template = await vscode.window.showQuickPick(templates(host), {
    title: 'New Experiment (1 of 2)',
    placeHolder: 'What shall it begin with?',
    matchOnDetail: true,
  });
  if (!template) return;
  const folder = await folderFor(argument);
  if (!folder) return;
  const name = await vscode.window.showInputBox({
    title: 'New Experiment (2 of 2)',
    prompt: `A name for the experiment. Its file will be in ${vscode.workspace.asRelativePath(folder)}.`,
    value: template.label,
    validateInput: async (value) => complaint(folder, value),
  });
  if (name === undefined) return;
  const file = vscode.Uri.joinPath(folder, fileNameFor(name));
  await vscode.workspace.fs.writeFile(file, Buffer.from(withName(template.text, name.trim())));
  await vscode.window.showTextDocument(file);
}

async function templates(host: Host): Promise<(vscode.QuickPickItem & { text: string })[]> {
  const folders = ['media/templates', 'examples'].map((folder) =>
    vscode.Uri.joinPath(host.extensionUri, folder),
  );
  const files = await Promise.all(
    folders.map(async (folder) => {
      const entries = await vscode.workspace.fs.readDirectory(folder);
      return entries
        .filter(([name]) => name.endsWith('.distill.yaml'))
        .map(([name]) => vscode.Uri.joinPath(folder, name));
    }),
  );
  return Promise.all(
    files.flat().map(async (file) => {
      const text = Buffer.from(await vscode.workspace.fs.readFile(file)).toString('utf8');
      const { label, detail } = templateChoice(file.fsPath, text);
      return { label, detail, text, iconPath: new vscode.ThemeIcon('beaker') };
    }),
  );
}

/** The folder that was clicked in the explorer, else the only one of the workspace, else one that is chosen. */
async function folderFor(argument: unknown): Promise<vscode.Uri | undefined> {
  if (argument instanceof vscode.Uri) {
    const { type } = await vscode.workspace.fs.stat(argument);
    return type & vscode.FileType.Directory ? argument : vscode.Uri.joinPath(argument, '..');
  }
  const roots = vscode.workspace.workspaceFolders ?? [];
  if (roots.length === 1) return roots[0]?.uri;
  if (roots.length > 1)
    return (await vscode.window.showWorkspaceFolderPick({ placeHolder: 'In which folder?' }))?.uri;
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: 'Create Here',
    title: 'A folder for the new experiment',
  });
  return chosen?.[0];
}

async function complaint(folder: vscode.Uri, name: string): Promise<string | undefined> {
  if (!name.trim()) return 'Give it a name.';
  const file = fileNameFor(name);
  const taken = await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, file)).then(
    () => true,
    () => false,
  );
  return taken ? `${file} is there already. Choose another name.` : undefined;
}
