import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunEvent } from '../../../src/runs/events';
import { readFromPage } from '../../../src/editor/dashboard/fromPage';
import { dashboardHtml } from '../../../src/editor/dashboard/html';
import type { FromPage, ToPage } from '../../../src/editor/dashboard/messages';
import { DashboardSession } from '../../../src/editor/dashboard/session';
import type { RunSource } from '../../../src/editor/dashboard/session';
import { Emitter } from '../../../src/editor/disposables';
import type { RunModel } from '../../../src/editor/runs/runModel';
import { manifestOf, runOf } from './models';

describe('the document', () => {
  const html = dashboardHtml({
    surface: 'view',
    nonce: 'N0nce',
    cspSource: 'https://resources.example',
    scriptUri: 'https://resources.example/dashboard.js?a=1&b="2"',
    styleUri: 'https://resources.example/dashboard.css',
  });

  test('forbids everything that is not named, and has no unsafe word', () => {
    expect(/http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1]).toBe(
      "default-src 'none'; script-src 'nonce-N0nce'; style-src https://resources.example 'nonce-N0nce'; font-src https://resources.example; img-src data:",
    );
    expect(html).not.toContain('unsafe');
    expect(html).not.toMatch(/ on\w+=| style=|<style/);
  });

  test('tells the page where it is, and the form controls their nonce', () => {
    expect(html).toContain('<body data-surface="view">');
    expect(html).toContain('<meta property="csp-nonce" content="N0nce">');
    expect(html).toContain('<html lang="en">');
    expect(html).toContain('src="https://resources.example/dashboard.js?a=1&amp;b=&quot;2&quot;"');
  });
});

describe('messages from the page', () => {
  const valid: FromPage[] = [
    { type: 'ready' },
    { type: 'gap', after: 0 },
    { type: 'select', id: 'r' },
    { type: 'stop', id: 'r', command: 'stop-now' },
    { type: 'stop', id: 'r', command: 'stop-after-epoch' },
    { type: 'openExperiment', id: 'r' },
    { type: 'openExperiment', id: 'r', line: 3, column: 1 },
    { type: 'openDirectory', id: 'r' },
    { type: 'newExperiment' },
    { type: 'runAgain', id: 'r' },
    { type: 'resume', id: 'r' },
  ];

  test.each(valid)('%j is taken, without fields that do not belong to it', (message) => {
    expect(readFromPage({ ...message, more: 1 })).toEqual(message);
  });

  test.each([
    null,
    'ready',
    [],
    {},
    { type: 'Ready' },
    { type: 'gap' },
    { type: 'gap', after: -1 },
    { type: 'gap', after: 1.5 },
    { type: 'select', id: 7 },
    { type: 'select', id: '' },
    { type: 'select', id: 'x'.repeat(301) },
    { type: 'stop', id: 'r' },
    { type: 'stop', id: 'r', command: 'checkpoint' },
    { type: 'openExperiment', id: 'r', line: 0 },
    { type: 'openExperiment', id: 'r', line: '1' },
    { type: 'openExperiment', id: 'r', line: 1, column: NaN },
  ])('%j is refused', (message) => {
    expect(readFromPage(message)).toBeNull();
  });

  test('whatever comes, only known messages come out', () => {
    const known = new Set(valid.map((message) => message.type));
    const shaped = fc.record(
      {
        type: fc.oneof(fc.constantFrom(...known), fc.string()),
        id: fc.anything(),
        after: fc.anything(),
        command: fc.anything(),
        line: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), shaped), (value) => {
        const message = readFromPage(value);
        if (message === null) return;
        expect(known).toContain(message.type);
        if ('id' in message) expect(typeof message.id).toBe('string');
      }),
      { numRuns: 10_000 },
    );
  });
});

/** A store in memory. */
class FakeStore implements RunSource {
  private readonly added = new Emitter<RunModel>();
  private readonly changed = new Emitter<RunModel | undefined>();
  readonly onDidAddEvents = this.added.event;
  readonly onDidChange = this.changed.event;
  readonly events = new Map<string, RunEvent[]>();
  runs: RunModel[] = [];
  open = vi.fn((directory: string) => {
    const run = this.byDirectory(directory);
    if (!run) return undefined;
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the getter below has a this of its own
    const store = this;
    return {
      get run(): RunModel {
        return store.byDirectory(directory) ?? run;
      },
      events: this.eventsOf(directory),
      loaded: Promise.resolve(),
      dispose: this.closed,
    };
  });
  readonly closed = vi.fn();

  byId(id: string): RunModel | undefined {
    return this.runs.find((run) => run.manifest.id === id);
  }
  byDirectory(directory: string): RunModel | undefined {
    return this.runs.find((run) => run.directory === directory);
  }
  put(run: RunModel): void {
    this.runs = [run, ...this.runs.filter((other) => other.directory !== run.directory)];
    this.changed.fire(run);
  }
  emit(run: RunModel): void {
    const events = this.eventsOf(run.directory);
    events.push({ seq: events.length + 1, time: '', type: 'log', level: 'info', message: '' });
    this.added.fire(run);
  }
  private eventsOf(directory: string): RunEvent[] {
    const events = this.events.get(directory) ?? [];
    this.events.set(directory, events);
    return events;
  }
}

describe('a session', () => {
  const first = runOf({ manifest: manifestOf({ id: 'first', state: 'running' }), state: 'running' });
  const second = runOf({ manifest: manifestOf({ id: 'second', state: 'running' }), state: 'running' });
  let store: FakeStore;
  let sent: ToPage[];
  let session: DashboardSession;
  let isTrusted: boolean;
  const actions = {
    trusted: () => isTrusted,
    stop: vi.fn(),
    openExperiment: vi.fn(),
    openDirectory: vi.fn(),
    runAgain: vi.fn(),
    resume: vi.fn(),
    newExperiment: vi.fn(),
  };
  const kinds = (): string[] => sent.map((message) => message.type);
  const received = (): number[] =>
    sent.flatMap((message) => {
      if (message.type === 'snapshot') return (message.run?.events ?? []).map((e) => e.seq);
      return message.type === 'append' ? message.events.map((e) => e.seq) : [];
    });

  beforeEach(() => {
    vi.useFakeTimers();
    vi.clearAllMocks();
    isTrusted = true;
    store = new FakeStore();
    sent = [];
    session = new DashboardSession(store, actions, (message) => sent.push(message));
  });
  afterEach(() => {
    session.dispose();
    vi.useRealTimers();
  });

  test('sends nothing while hidden, and everything on becoming visible', async () => {
    store.put(first);
    store.emit(first);
    store.emit(first);
    await vi.advanceTimersByTimeAsync(1000);
    expect(sent).toEqual([]);
    session.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toMatchObject([
      { type: 'snapshot', run: { manifest: { id: 'first' }, state: 'running' }, trusted: true },
    ]);
    expect(received()).toEqual([1, 2]);
    session.setVisible(false);
    expect(store.closed).toHaveBeenCalledTimes(1);
    store.emit(first);
    await vi.advanceTimersByTimeAsync(1000);
    expect(sent).toHaveLength(1);
  });

  test('an empty workspace has no run', async () => {
    session.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([{ type: 'snapshot', run: null, runs: [], trusted: true }]);
  });

  test('sends at most ten times a second, each event once and in order', async () => {
    store.put(first);
    session.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    for (let i = 0; i < 1000; i++) {
      store.emit(first);
      await vi.advanceTimersByTimeAsync(2);
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(received()).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    expect(kinds().filter((kind) => kind === 'append').length).toBeLessThanOrEqual(22);
    expect(kinds().filter((kind) => kind !== 'append')).toEqual(['snapshot']);
  });

  test('tells a change of state once, after the events that came before it', async () => {
    store.put(first);
    session.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    store.emit(first);
    store.put({ ...first, state: 'done', manifest: { ...first.manifest, state: 'done' } });
    store.put({ ...first, state: 'done', manifest: { ...first.manifest, state: 'done' } });
    await vi.advanceTimersByTimeAsync(500);
    expect(kinds()).toEqual(['snapshot', 'append', 'update', 'runs']);
    expect(sent[2]).toMatchObject({ id: 'first', state: 'done' });
  });

  test('follows the newest run, unless one was chosen', async () => {
    store.put(first);
    session.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    store.put(second);
    await vi.advanceTimersByTimeAsync(200);
    expect(sent.at(-1)).toMatchObject({ type: 'snapshot', run: { manifest: { id: 'second' } } });
    session.handle({ type: 'select', id: 'first' });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent.at(-1)).toMatchObject({ type: 'snapshot', run: { manifest: { id: 'first' } } });
    store.put(runOf({ manifest: manifestOf({ id: 'third' }) }));
    await vi.advanceTimersByTimeAsync(200);
    expect(sent.at(-1)).toMatchObject({
      type: 'runs',
      runs: [{ id: 'third' }, { id: 'second' }, { id: 'first' }],
    });
    expect(store.open).toHaveBeenCalledTimes(3);
    expect(store.closed).toHaveBeenCalledTimes(2);
  });

  test('says of a run whether it can be resumed', async () => {
    store.put(first);
    session.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent.at(-1)).toMatchObject({ type: 'snapshot', run: { resumable: false } });
    store.put({ ...first, state: 'lost' });
    await vi.advanceTimersByTimeAsync(500);
    expect(sent).toContainEqual(expect.objectContaining({ type: 'update', state: 'lost', resumable: true }));
  });

  test('a gap is answered with everything', async () => {
    store.put(first);
    session.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    store.emit(first);
    session.handle({ type: 'gap', after: 0 });
    await vi.advanceTimersByTimeAsync(500);
    expect(kinds()).toEqual(['snapshot', 'snapshot']);
    expect(received()).toEqual([1]);
  });

  test('does nothing for runs that are not known, and does not stop or resume runs in restricted mode', () => {
    store.put(first);
    session.handle({ type: 'stop', id: 'unknown', command: 'stop-now' });
    session.handle({ type: 'openDirectory', id: '../first' });
    session.handle({ type: 'resume', id: 'unknown' });
    isTrusted = false;
    session.handle({ type: 'stop', id: 'first', command: 'stop-now' });
    session.handle({ type: 'resume', id: 'first' });
    expect(actions.stop).not.toHaveBeenCalled();
    expect(actions.resume).not.toHaveBeenCalled();
    expect(actions.openDirectory).not.toHaveBeenCalled();
    isTrusted = true;
    session.handle({ type: 'stop', id: 'first', command: 'stop-after-epoch' });
    session.handle({ type: 'resume', id: 'first' });
    expect(actions.resume).toHaveBeenCalledWith(first);
    session.handle({ type: 'openExperiment', id: 'first', line: 4 });
    expect(actions.stop).toHaveBeenCalledWith(first, 'stop-after-epoch');
    expect(actions.openExperiment).toHaveBeenCalledWith(first, 4, undefined);
  });
});
