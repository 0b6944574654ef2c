import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { finished, makeRun, unfinished } from './fixtures/run';
import { Harness, type Dashboard } from './harness';

const run = makeRun();
const { id } = run.manifest;

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

/** Everything that can be seen: the words, and the pixels of every chart and image. */
function picture(of: Dashboard): Promise<string[]> {
  return of.page.evaluate(() => [
    document.querySelector('main')!.innerText,
    ...[...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()),
  ]);
}

describe('what the page holds', () => {
  it('asks for a snapshot once, when it is loaded', async () => {
    expect(await dashboard.posted()).toEqual([{ type: 'ready' }]);
  });

  it('is the same after a snapshot and appended events as after one snapshot of everything', async () => {
    const cut = 100;
    const messages = [];
    for (let from = cut; from < run.events.length; from += 37)
      messages.push({ type: 'append' as const, id, events: run.events.slice(from, from + 37) });
    const { manifest, report } = run;
    await dashboard.send(unfinished(run, cut), ...messages);
    await dashboard.send({ type: 'update', id, manifest, state: 'done', resumable: false, report });
    const atOnce = await harness.open();
    await atOnce.send(finished(run));
    const grown = await picture(dashboard);
    const whole = await picture(atOnce);
    await atOnce.page.close();
    expect(grown[0]).toBe(whole[0]);
    expect(grown.length).toBeGreaterThan(13);
    expect(grown).toEqual(whole);
    expect(await dashboard.dataset()).toMatchObject({
      runId: id,
      runState: 'done',
      lastSeq: String(run.events.length),
      eventCount: String(run.events.length),
    });
  });

  it('keeps each event once, however often it arrives', async () => {
    const events = run.events.slice(0, 60);
    await dashboard.send(unfinished(run, 50));
    await dashboard.send({ type: 'append', id, events }, { type: 'append', id, events: events.slice(20) });
    expect(await dashboard.dataset()).toMatchObject({ lastSeq: '60', eventCount: '60' });
    expect(await dashboard.posted()).toEqual([{ type: 'ready' }]);
  });

  it('asks for a snapshot when events are missing, once for one hole, and takes nothing from behind the hole', async () => {
    await dashboard.send(unfinished(run, 50));
    await dashboard.send(
      { type: 'append', id, events: run.events.slice(52, 55) },
      { type: 'append', id, events: run.events.slice(55, 58) },
    );
    expect(await dashboard.posted()).toEqual([{ type: 'ready' }, { type: 'gap', after: 50 }]);
    expect(await dashboard.dataset()).toMatchObject({ lastSeq: '50', eventCount: '50' });
    await dashboard.send(unfinished(run, 58));
    expect(await dashboard.dataset()).toMatchObject({ lastSeq: '58', eventCount: '58' });
    await dashboard.send({ type: 'append', id, events: run.events.slice(59, 60) });
    expect(await dashboard.posted()).toContainEqual({ type: 'gap', after: 58 });
  });

  it('ignores events of another run, and messages without the right shape', async () => {
    await dashboard.send(unfinished(run, 50));
    await dashboard.send({ type: 'append', id: 'another', events: run.events.slice(50, 60) });
    const strange: unknown[] = [
      null,
      7,
      'snapshot',
      { type: 'unheard-of' },
      { type: 'append', id },
      { type: 'append', id, events: [{ seq: -1, type: 'log' }] },
      { type: 'append', id, events: [null] },
      { type: 'snapshot', run: {}, runs: [], trusted: true },
      { type: 'update', id, manifest: null, state: 'done', report: null },
    ];
    await dashboard.send(...(strange as Parameters<Dashboard['send']>));
    expect(await dashboard.dataset()).toMatchObject({ lastSeq: '50', eventCount: '50', runState: 'running' });
  });

  it('counts events of types and shapes that it does not know, and draws the rest', async () => {
    await dashboard.send(unfinished(run, 50));
    const time = '2026-11-23T17:46:00.000Z';
    const strange = [
      { seq: 51, time, type: 'from-the-future', anything: 1 },
      { seq: 52, time, type: 'metrics', points: 'none' },
      { seq: 53, time, type: 'problem', severity: 'warning', code: 'x', message: 'The disk is nearly full.' },
    ];
    await dashboard.send({ type: 'append', id, events: strange as unknown as typeof run.events });
    expect(await dashboard.dataset()).toMatchObject({ lastSeq: '53', eventCount: '53' });
    expect(await dashboard.page.locator('.notice.warning').innerText()).toContain('The disk is nearly full.');
  });

  it('keeps UI state and never data across a reload', async () => {
    await dashboard.send(finished(run));
    await dashboard.page.getByRole('radio', { name: 'Steps' }).click();
    await dashboard.page.getByRole('radio', { name: 'Errors' }).click();
    const saved = await dashboard.saved();
    expect(saved).toMatchObject({ xAxis: 'step', measure: 'errors' });
    expect(JSON.stringify(saved).length).toBeLessThan(400);
    const again = await harness.open({ saved });
    await again.send(finished(run));
    expect(await again.page.locator('#validation h3').innerText()).toBe('Validation errors');
    expect(await again.page.getByRole('radio', { name: 'Steps' }).getAttribute('aria-checked')).toBe('true');
    await again.page.close();
  });

  it('says in the list of runs what became of the shown run', async () => {
    await dashboard.send({
      ...finished(run),
      runs: [{ ...run.runs[0]!, state: 'starting' }, ...run.runs.slice(1)],
    });
    const picker = dashboard.page.getByRole('combobox', { name: 'Run' });
    await expect.poll(() => picker.innerText()).toContain('Starting');
    await dashboard.send({ type: 'runs', runs: run.runs });
    await expect.poll(() => picker.innerText()).toContain('Done');
    expect(await picker.innerText()).not.toContain('Starting');
  });

  it('goes back to the run that was picked, unless a newer one has begun', async () => {
    const older = run.runs[1]!.id;
    await dashboard.send(finished(run));
    await dashboard.page.getByRole('combobox', { name: 'Run' }).click();
    await dashboard.page.getByRole('option', { name: /Stopped/ }).click();
    expect(await dashboard.posted()).toContainEqual({ type: 'select', id: older });
    const saved = await dashboard.saved();

    const same = await harness.open({ saved });
    await same.send(finished(run));
    expect(await same.posted()).toContainEqual({ type: 'select', id: older });
    await same.page.close();

    const newer = await harness.open({ saved });
    const begun = { id: 'new', name: 'New', state: 'running' as const, started: '2026-11-24T08:00:00.000Z' };
    await newer.send({ ...finished(run), runs: [begun, ...run.runs] });
    expect(await newer.posted()).toEqual([{ type: 'ready' }]);
    await newer.page.close();
  });
});
