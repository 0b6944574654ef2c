import {
  CodeActionKind,
  ProposedFeatures,
  TextDocumentSyncKind,
  TextDocuments,
  createConnection,
  type InitializeResult,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { codeActions } from './services/codeActions';
import { complete } from './services/completion';
import { diagnose } from './services/diagnostics';
import { hover } from './services/hover';
import { documentSymbols } from './services/symbols';

/** Diagnostics wait until typing pauses for so long. */
const pause = 100;

const connection = createConnection(ProposedFeatures.all);
const documents = new TextDocuments(TextDocument);
const waiting = new Map<string, NodeJS.Timeout>();

connection.onInitialize((): InitializeResult => ({
  capabilities: {
    textDocumentSync: TextDocumentSyncKind.Incremental,
    completionProvider: { triggerCharacters: [':', ' ', '-', '{', '[', ',', '.', '"', "'"] },
    hoverProvider: true,
    documentSymbolProvider: true,
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.RefactorRewrite] },
  },
  serverInfo: { name: 'Distillery' },
}));

connection.onCompletion(({ textDocument, position }) =>
  answer(textDocument.uri, [], (document) => complete(document.getText(), document.offsetAt(position))),
);
connection.onHover(({ textDocument, position }) =>
  answer(textDocument.uri, null, (document) => hover(document.getText(), document.offsetAt(position))),
);
connection.onDocumentSymbol(({ textDocument }) =>
  answer(textDocument.uri, [], (document) => documentSymbols(document.getText())),
);
connection.onCodeAction(({ textDocument, range, context }) =>
  answer(textDocument.uri, [], (document) =>
    codeActions(document.getText(), document.uri, range).filter(
      ({ kind = '' }) =>
        context.only?.some((wanted) => kind === wanted || kind.startsWith(`${wanted}.`)) ?? true,
    ),
  ),
);

documents.onDidChangeContent(({ document }) => {
  clearTimeout(waiting.get(document.uri));
  waiting.set(
    document.uri,
    setTimeout(() => publish(document.uri), pause),
  );
});
documents.onDidClose(({ document }) => {
  clearTimeout(waiting.get(document.uri));
  waiting.delete(document.uri);
  void connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
});

documents.listen(connection);
connection.listen();

function publish(uri: string): void {
  waiting.delete(uri);
  answer(uri, undefined, (document) => {
    void connection.sendDiagnostics({
      uri,
      version: document.version,
      diagnostics: diagnose(document.getText()),
    });
  });
}

/** Nothing that goes wrong with one request may end the server: it is logged, and the editor gets an empty answer. */
function answer<T>(uri: string, nothing: T, work: (document: TextDocument) => T): T {
  const document = documents.get(uri);
  if (!document) return nothing;
  try {
    return work(document);
  } catch (error) {
    connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return nothing;
  }
}
