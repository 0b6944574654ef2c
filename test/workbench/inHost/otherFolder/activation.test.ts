import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('a folder without experiments', () => {
  it('does not activate Distillery', async () => {
    const extension = vscode.extensions.getExtension('distillery.distillery');
    assert.ok(extension, 'the extension is installed');
    // Opening a file and starting other extensions are the usual reasons to activate.
    const [notes] = await vscode.workspace.findFiles('notes.txt');
    assert.ok(notes, 'the workspace has its file');
    await vscode.window.showTextDocument(notes);
    await vscode.commands.executeCommand('workbench.view.explorer');
    assert.equal(extension.isActive, false);
  });
});
