import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { note } from '../notes';
import { extension, until } from './help';

describe('activation', () => {
  it('takes less than 100 ms by the figures of VS Code itself', async () => {
    await until('the extension to be active', () => extension().isActive);
    const { loadCode, callActivate, finishActivate } = await activationFigures();
    note(`load code ${loadCode} ms, call activate ${callActivate} ms, finish activate ${finishActivate} ms`);
    assert.ok(loadCode + callActivate < 100, `${loadCode} + ${callActivate} ms`);
  });

  it('registers every command that it contributes', async () => {
    const commands = new Set(await vscode.commands.getCommands(true));
    const { contributes } = extension().packageJSON as { contributes: { commands: { command: string }[] } };
    const missing = contributes.commands.filter(({ command }) => !commands.has(command));
    assert.ok(contributes.commands.length >= 9, 'the commands of the palette are contributed');
    assert.deepEqual(missing, []);
  });
});

/** Milliseconds, from the row of this extension in VS Code's report on its start-up. */
async function activationFigures(): Promise<{
  loadCode: number;
  callActivate: number;
  finishActivate: number;
}> {
  await vscode.commands.executeCommand('perfview.show');
  let row: string | undefined;
  await until('the row of this extension in the report on the start-up', () => {
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    row = text.split('\n').find((line) => line.startsWith(`| ${extension().id} `));
    return row !== undefined;
  });
  // The name, whether it was eager, three times, and why it was activated.
  const [loadCode = NaN, callActivate = NaN, finishActivate = NaN] = row!.split('|').slice(3).map(Number);
  await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  return { loadCode, callActivate, finishActivate };
}
