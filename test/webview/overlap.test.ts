import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/editor/dashboard/messages';
import { emptyRunData, fold, type RunData } from '../../webview/runData';
import { modelsOf } from '../../webview/standing';
import { resumedFrom, twoAtOnce } from './fixtures/overlap';
import { countUpTo, finished, makeRun, unfinished } from './fixtures/run';
import { Harness, type Dashboard } from './harness';

const plain = makeRun();
const run = twoAtOnce(plain);
const { id, seeds } = run.manifest;
const midway = countUpTo(
  run,
  (event) => event.type === 'progress' && event.role === 'scratch' && event.seed === 2 && event.epoch === 12,
);
const killed = countUpTo(
  plain,
  (event) => event.type === 'progress' && event.role === 'student' && event.seed === 2 && event.epoch === 12,
);

let harness: Harness;
let dashboard: Dashboard;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());
beforeEach(async () => {
  dashboard = await harness.open();
});
afterEach(async () => {
  expect(dashboard.errors).toEqual([]);
  await dashboard.page.close();
});

const text = (selector: string): Promise<string> => dashboard.page.locator(selector).innerText();
const bars = (): Promise<string[]> =>
  dashboard.page.locator('.plan .bar').evaluateAll((all) => all.map((bar) => (bar as HTMLElement).title));
const folded = (events: readonly RunEvent[]): RunData => {
  const data = emptyRunData();
  for (const event of events) fold(data, event);
  return data;
};
const time = '2026-11-23T17:46:00.000Z';

describe('two students that learn at once', () => {
  it('both fill their bars, and words and figures are about both', async () => {
    await dashboard.send(unfinished(run, midway));
    expect(await text('#progress-title')).toBe('Training 2 students at once');
    const words = await text('.progress');
    expect(words).toMatch(/Models ready\s+3 of 7/);
    expect(words).toMatch(/Epochs\s+12 of 24/);
    const last = (role: string) =>
      run.events
        .slice(0, midway)
        .findLast((event) => event.type === 'progress' && event.role === role) as RunEvent & {
        type: 'progress';
      };
    const [student, scratch] = [last('student'), last('scratch')];
    const together = student.samplesPerSecond + scratch.samplesPerSecond;
    expect(words).toContain(together.toLocaleString('en'));
    expect(await bars()).toEqual([
      'ready',
      'seed 1: ready',
      `seed 2: learning, ${((100 * student.step) / student.steps).toFixed(1)}%`,
      'seed 3: waiting',
      'seed 1: ready',
      `seed 2: learning, ${((100 * scratch.step) / scratch.steps).toFixed(1)}%`,
      'seed 3: waiting',
    ]);
  });

  it('neither the headline, the time left nor the layout swings while their events come in turn', async () => {
    await dashboard.send(unfinished(run, midway));
    const seen = new Set<string>();
    const left: number[] = [];
    const tops = new Set<number>();
    // From one pair of students over its end to the next pair: 250 events, a few at a time.
    for (let from = midway; from < midway + 250; from += 5) {
      await dashboard.send({ type: 'append', id, events: run.events.slice(from, from + 5) });
      seen.add(await text('#progress-title'));
      left.push(parseInt(await text('.left strong'), 10));
      tops.add(await dashboard.page.locator('.plan').evaluate((plan) => plan.getBoundingClientRect().top));
    }
    expect([...seen]).toEqual(['Training 2 students at once']);
    expect(left).toEqual([...left].sort((a, b) => b - a));
    expect(tops.size).toBe(1);
  });

  it('the last one alone has words of its own again', async () => {
    const end = countUpTo(
      run,
      (e) => e.type === 'stage' && e.stage === 'scratch/3/distill' && e.state === 'finished',
    );
    await dashboard.send(unfinished(run, end - 1));
    expect(await text('#progress-title')).toBe('Training the student from scratch, seed 3 of 3');
    expect(await text('.progress')).toMatch(/Step\s+\d+ of 744/);
  });

  it('a snapshot in the middle shows what the events one after the other show', async () => {
    const look = async (of: Dashboard): Promise<string[]> => [
      await of.page.locator('.progress .now').innerText(),
      await of.page.locator('.progress .figures').innerText(),
      ...(await of.page
        .locator('.plan .fill')
        .evaluateAll((all) => all.map((fill) => fill.getAttribute('style')!))),
    ];
    await dashboard.send(unfinished(run, midway - 60));
    await dashboard.send({ type: 'append', id, events: run.events.slice(midway - 60, midway) });
    const atOnce = await harness.open();
    await atOnce.send(unfinished(run, midway));
    expect(await look(dashboard)).toEqual(await look(atOnce));
    await atOnce.page.close();
  });
});

describe('a resumed run', () => {
  const step = 186;
  const resumed = resumedFrom(plain, step, killed);
  const begin = countUpTo(resumed, (event) => event.type === 'stage' && event.state === 'resumed');

  it('has the curves of the run that was never stopped, although steps are told twice', () => {
    const whole = folded(plain.events);
    const twice = folded(resumed.events);
    expect(resumed.events.length).toBeGreaterThan(plain.events.length + 20);
    expect(twice.curves).toEqual(whole.curves);
  });

  it('shows where the student stood until it goes on, and then goes on from the checkpoint', async () => {
    const starting = countUpTo(resumed, (event) => event.type === 'stage' && event.state === 'reused');
    await dashboard.send(unfinished(resumed, starting));
    expect(await text('#progress-title')).toContain('Getting ready');
    expect((await bars()).slice(0, 3)).toEqual(['ready', 'seed 1: ready', 'seed 2: waiting, 46.0% done']);
    await dashboard.send({ type: 'append', id, events: resumed.events.slice(starting, begin) });
    expect((await bars())[2]).toBe('seed 2: learning, 25.0%');
    const after = countUpTo(resumed, (event) => event.seq > begin && event.type === 'progress');
    await dashboard.send({ type: 'append', id, events: resumed.events.slice(begin, after) });
    expect((await bars())[2]).toBe('seed 2: learning, 25.8%');
    expect(await text('#progress-title')).toBe('Training the student, seed 2 of 3');
  });

  it('a model whose numbers stand there is ready, also when its process died over its last words', () => {
    const end = plain.events.findIndex(
      (e) => e.type === 'stage' && e.stage === 'student/1/distill' && e.state === 'finished',
    );
    const events: RunEvent[] = [
      ...plain.events.slice(0, end),
      { seq: end + 1, time, type: 'run', state: 'starting' },
    ];
    expect(modelsOf('student', seeds, folded(events))[0]).toEqual({
      name: 'seed 1: ready',
      state: 'ready',
      share: 1,
    });
  });

  it('can be stopped again', async () => {
    await dashboard.send(unfinished(run, midway));
    await dashboard.page.getByRole('button', { name: 'Stop now' }).click();
    const { manifest } = unfinished(run, midway).run!;
    const update = { type: 'update', id, manifest, report: null } as const;
    await dashboard.send({ ...update, state: 'stopped', resumable: true });
    await dashboard.send({ ...update, state: 'running', resumable: false });
    expect(await dashboard.page.getByRole('button', { name: 'Stop now' }).isDisabled()).toBe(false);
  });
});

describe('a run that can be resumed', () => {
  it.each(['stopped', 'lost', 'failed'] as const)('offers it when it is %s', async (state) => {
    const ended = unfinished(run, midway);
    Object.assign(ended.run!, { state, resumable: true });
    await dashboard.send(ended);
    expect(await text('.notices')).toContain('Resume goes on from the last checkpoint.');
    await dashboard.page.getByRole('button', { name: 'Resume' }).click();
    expect((await dashboard.posted()).at(-1)).toEqual({ type: 'resume', id });
    expect(await dashboard.page.getByRole('button', { name: 'Run again' }).count()).toBe(1);
  });

  it('does not offer it when it is done, would fail again, or in restricted mode', async () => {
    await dashboard.send(finished(run));
    const button = dashboard.page.locator('vscode-button', { hasText: 'Resume' });
    expect(await button.count()).toBe(0);
    const failed = unfinished(run, midway);
    Object.assign(failed.run!, { state: 'failed' });
    await dashboard.send(failed);
    expect(await button.count()).toBe(0);
    Object.assign(failed.run!, { resumable: true });
    await dashboard.send({ ...failed, trusted: false });
    expect(await button.getAttribute('title')).toContain('not trusted');
    await button.click({ force: true });
    expect(await dashboard.posted()).toEqual([{ type: 'ready' }]);
  });
});

it('a stage that ended early says after how many epochs', async () => {
  const end = countUpTo(
    plain,
    (e) => e.type === 'stage' && e.stage === 'student/1/distill' && e.state === 'finished',
  );
  const events = plain.events
    .slice(0, end)
    .map((event) => (event.seq === end ? ({ ...event, epochs: 9, ended: 'early' } as RunEvent) : event));
  await dashboard.send(unfinished({ ...plain, events }, end));
  expect((await bars())[1]).toBe('seed 1: ready, stopped early after 9 epochs');
});

it('the facts tell what the cache of the teacher saved', async () => {
  const cache = { time, type: 'cache', rows: 55_000, bytes: 2_200_000, dtype: 'float32' } as const;
  const told: RunEvent[] = [
    { ...cache, seq: midway + 1, state: 'used', hits: 55_000, misses: 0, hitRate: 1 },
    { ...cache, seq: midway + 2, state: 'partly', hits: 22_000, misses: 33_000, hitRate: 0.4 },
    { ...cache, seq: midway + 3, state: 'filled', hits: 0, misses: 55_000, hitRate: 0 },
  ];
  await dashboard.send(unfinished(run, midway));
  const facts: string[] = [];
  for (const event of told) {
    await dashboard.send({ type: 'append', id, events: [event] });
    facts.push(await text('.facts'));
  }
  expect(facts[0]).toContain('teacher outputs from the cache, 2.2 MB');
  expect(facts[1]).toContain('40% of the teacher outputs from the cache');
  expect(facts[2]).toContain('teacher outputs kept in the cache, 2.2 MB');
});
