import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { experiment } from '../../workspace.mjs';
import { inWorkspace, showExperiment, until } from './help';

const good = experiment({ name: 'Language', epochs: 3 });
const misspelt = good.replace('temperature', 'temprature');

describe('an experiment file in the editor', () => {
  it('has its own language', async () => {
    const document = await vscode.workspace.openTextDocument(inWorkspace('tiny.distill.yaml'));
    assert.equal(document.languageId, 'distill-yaml');
  });

  it('has no problems when it is right', async () => {
    const { document } = await showExperiment('good.distill.yaml', good);
    // The server answers in order: when it has answered this, it has checked the file.
    let symbols: unknown[] | undefined;
    await until('the outline', async () => {
      symbols = await vscode.commands.executeCommand('vscode.executeDocumentSymbolProvider', document.uri);
      return symbols !== undefined && symbols.length > 0;
    });
    assert.deepEqual(vscode.languages.getDiagnostics(document.uri), []);
  });

  it('shows a misspelt key at its place, and the quick fix cures it', async () => {
    const { document } = await showExperiment('wrong.distill.yaml', misspelt);
    const problems = () => vscode.languages.getDiagnostics(document.uri);
    await until('a problem with the misspelt key', () => problems().length > 0);
    const [problem] = problems();
    assert.match(problem!.message, /did you mean .?temperature/i);
    assert.equal(problem!.severity, vscode.DiagnosticSeverity.Error);
    assert.equal(document.getText(problem!.range), 'temprature');

    let edit: vscode.WorkspaceEdit | undefined;
    await until('a quick fix with an edit', async () => {
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        document.uri,
        problem!.range,
        vscode.CodeActionKind.QuickFix.value,
      );
      edit = actions.find((action) => action.edit !== undefined)?.edit;
      return edit !== undefined;
    });
    assert.ok(await vscode.workspace.applyEdit(edit!));
    assert.equal(document.getText(), good);
    await until('the problem to go', () => problems().length === 0);
    await document.save();
  });

  it('completes keys with their documentation', async () => {
    const text = good.replace('kd: {temperature: 4}', 'kd: {}');
    const { document } = await showExperiment('completion.distill.yaml', text);
    const position = document.positionAt(text.indexOf('kd: {}') + 'kd: {'.length);
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      document.uri,
      position,
    );
    const item = list.items.find(
      ({ label }) => (typeof label === 'string' ? label : label.label) === 'temperature',
    );
    assert.ok(item, 'temperature is offered');
    assert.ok(item.documentation, 'it is explained');
  });

  it('explains a key on hover, with formula and default', async () => {
    const { document } = await showExperiment('hover.distill.yaml', good);
    const position = document.positionAt(good.indexOf('temperature') + 3);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      position,
    );
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map((content) => (content as vscode.MarkdownString).value);
    assert.match(text.join('\n'), /temperature/i);
    assert.match(text.join('\n'), /default/i);
  });

  it('has Run in a lens above its first line', async () => {
    const { document } = await showExperiment('lens.distill.yaml', good);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
      10,
    );
    const run = lenses.find((lens) => lens.command?.command === 'distillery.run');
    assert.ok(run, 'a lens with the command Run');
    assert.equal(run.range.start.line, 0);
    assert.match(run.command!.title, /Run/);
  });
});
