import { build } from 'esbuild';
import { fork, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CodeActionRequest,
  CompletionRequest,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentSymbolRequest,
  ExitNotification,
  HoverRequest,
  InitializeRequest,
  InitializedNotification,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from 'vscode-languageserver';
import { IPCMessageReader, IPCMessageWriter, createProtocolConnection } from 'vscode-languageserver/node';
import { minimalExperiment } from '../../src/experiment/minimal';

const root = path.join(import.meta.dirname, '../..');
const uri = 'file:///first.distill.yaml';
const wrong = minimalExperiment.replace('temperature', 'temprature');

let folder: string;
let server: ChildProcess;
let client: ProtocolConnection;
let exited: Promise<number | null>;
const published: PublishDiagnosticsParams[] = [];
let wake: () => void = () => undefined;

/** The first diagnostics from now on that fit. */
async function diagnostics(
  fits: (params: PublishDiagnosticsParams) => boolean,
): Promise<PublishDiagnosticsParams> {
  for (;;) {
    const index = published.findIndex(fits);
    if (index >= 0) return published.splice(0, index + 1).at(-1)!;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

const open = (documentUri: string, text: string): Promise<void> =>
  client.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri: documentUri, languageId: 'distill-yaml', version: 1, text },
  });

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-server-'));
  const outfile = path.join(folder, 'server.cjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['src/language/server.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  server = fork(outfile, ['--node-ipc'], { silent: true });
  exited = new Promise((resolve) => server.once('exit', (code) => resolve(code)));
  client = createProtocolConnection(new IPCMessageReader(server), new IPCMessageWriter(server));
  client.onNotification(PublishDiagnosticsNotification.type, (params) => {
    published.push(params);
    wake();
  });
  client.listen();
});

afterAll(() => {
  server.kill();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a session: initialise, open, ask, change, close', async () => {
  const { capabilities } = await client.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the protocol still requires it.
    rootUri: null,
    capabilities: {},
  });
  expect(capabilities).toMatchObject({
    hoverProvider: true,
    documentSymbolProvider: true,
    textDocumentSync: 2,
  });
  await client.sendNotification(InitializedNotification.type, {});

  await open(uri, wrong);
  const first = await diagnostics((params) => params.uri === uri);
  expect(first).toMatchObject({ version: 1, diagnostics: [{ code: 'key.unknown' }] });

  const textDocument = { uri };
  const { range } = first.diagnostics[0]!;
  const actions = await client.sendRequest(CodeActionRequest.type, {
    textDocument,
    range,
    context: { diagnostics: first.diagnostics },
  });
  expect(actions).toMatchObject([{ title: 'Change to temperature', isPreferred: true }]);
  expect(
    await client.sendRequest(CodeActionRequest.type, {
      textDocument,
      range,
      context: { diagnostics: [], only: ['refactor'] },
    }),
  ).toEqual([]);

  const hover = await client.sendRequest(HoverRequest.type, {
    textDocument,
    position: { line: 17, character: 7 },
  });
  expect(hover).toMatchObject({ contents: { value: expect.stringContaining('T²') as string } });
  const symbols = await client.sendRequest(DocumentSymbolRequest.type, { textDocument });
  expect(symbols).toHaveLength(8);

  await client.sendNotification(DidChangeTextDocumentNotification.type, {
    textDocument: { uri, version: 2 },
    contentChanges: [{ range, text: 'temperature' }],
  });
  expect(await diagnostics((params) => params.version === 2)).toMatchObject({ uri, diagnostics: [] });
  const completions = await client.sendRequest(CompletionRequest.type, {
    textDocument,
    position: { line: 4, character: 10 },
  });
  expect(completions).toMatchObject([{ label: 'mnist' }]);

  await client.sendNotification(DidCloseTextDocumentNotification.type, { textDocument });
  expect(await diagnostics((params) => params.uri === uri)).toMatchObject({ diagnostics: [] });
});

test('quick changes are answered once, for the last version', async () => {
  const quick = 'file:///quick.distill.yaml';
  await open(quick, wrong);
  for (let version = 2; version <= 20; version++)
    await client.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: quick, version },
      contentChanges: [{ text: version % 2 === 0 ? wrong : minimalExperiment }],
    });
  const answer = await diagnostics((params) => params.uri === quick && params.version === 20);
  expect(answer.diagnostics).toHaveLength(1);
});

test('a document that is not open, and texts that are hostile, are survived', async () => {
  const position = { line: 3, character: 3 };
  const textDocument = { uri: 'file:///unknown.distill.yaml' };
  expect(await client.sendRequest(HoverRequest.type, { textDocument, position })).toBeNull();
  expect(await client.sendRequest(CompletionRequest.type, { textDocument, position })).toEqual([]);
  expect(await client.sendRequest(DocumentSymbolRequest.type, { textDocument })).toEqual([]);
  for (const [index, text] of ['['.repeat(200_000), '\0', '- '.repeat(100_000), 'a: &a [*a]'].entries()) {
    const hostile = `file:///hostile${index}.distill.yaml`;
    await open(hostile, text);
    expect((await diagnostics((params) => params.uri === hostile)).diagnostics).toHaveLength(1);
    await client.sendRequest(HoverRequest.type, {
      textDocument: { uri: hostile },
      position: { line: 0, character: 1 },
    });
    await client.sendRequest(CompletionRequest.type, {
      textDocument: { uri: hostile },
      position: { line: 0, character: 1 },
    });
  }
});

test('diagnostics of a file of 500 lines come soon after typing pauses', async () => {
  const stage = (i: number): string =>
    `  - name: stage ${i}\n    epochs: 2\n    batch: 64\n    schedule: {cosine: {warmup: 1}}\n    losses:\n      - kd: {temperature: 4}\n        weight: 0.9\n`;
  const comments = Array.from({ length: 280 }, (_, i) => `# remark ${i}`).join('\n');
  const stages = Array.from({ length: 28 }, (_, i) => stage(i)).join('');
  const text = `${comments}\n${minimalExperiment.replace(/distill:[\s\S]*\ncompare/, `distill:\n${stages}\ncompare`)}`;
  expect(text.split('\n').length).toBeGreaterThan(490);
  const long = 'file:///long.distill.yaml';
  const start = performance.now();
  await open(long, text);
  const { diagnostics: found } = await diagnostics((params) => params.uri === long);
  const elapsed = performance.now() - start;
  console.log(
    `diagnostics of ${text.split('\n').length} lines: ${elapsed.toFixed(0)} ms, of which 100 ms wait for typing to pause`,
  );
  expect(found).toEqual([]);
  expect(elapsed).toBeLessThan(5000);
});

test('shutdown and exit end the process', async () => {
  await client.sendRequest(ShutdownRequest.type);
  await client.sendNotification(ExitNotification.type);
  expect(await exited).toBe(0);
});
