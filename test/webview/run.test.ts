import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/editor/dashboard/messages';
import { countUpTo, finished, makeRun, unfinished } from './fixtures/run';
import { Harness, type Dashboard } from './harness';

const run = makeRun();
const { id } = run.manifest;
const midway = countUpTo(
  run,
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

describe('a run in progress', () => {
  it('says in plain words what is happening and how far it is', async () => {
    await dashboard.send(unfinished(run, midway));
    expect(await text('#progress-title')).toBe('Training the student, seed 2 of 3');
    const words = await text('.progress');
    expect(words).toMatch(/Epoch\s+12 of 24/);
    expect(words).toMatch(/Step\s+342 of 744/);
    expect(words).toMatch(/\d+ s left/);
    expect(await dashboard.page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('55');
    expect(await dashboard.page.locator('.plan .ready').count()).toBe(2);
    expect(await dashboard.page.locator('.plan .learning').count()).toBe(1);
    expect(await dashboard.page.locator('.plan .waiting').count()).toBe(4);
  });

  it('shows the engine, why it was chosen and why others were refused', async () => {
    await dashboard.send(unfinished(run, midway));
    await dashboard.page.locator('.engine summary').press('Enter');
    const flyout = await text('.flyout');
    expect(flyout).toContain(run.manifest.engineReason);
    expect(flyout).toContain('@tensorflow/tfjs-node is not installed');
  });

  it('stops after the epoch, or now', async () => {
    await dashboard.send(unfinished(run, midway));
    await dashboard.page.getByRole('button', { name: 'Stop after this epoch' }).click();
    expect((await dashboard.posted()).at(-1)).toEqual({ type: 'stop', id, command: 'stop-after-epoch' });
    expect(
      await dashboard.page.getByRole('button', { name: 'Stopping after this epoch…' }).isDisabled(),
    ).toBe(true);
    await dashboard.page.getByRole('button', { name: 'Stop now' }).press('Enter');
    expect((await dashboard.posted()).at(-1)).toEqual({ type: 'stop', id, command: 'stop-now' });
    expect(await dashboard.posted()).toHaveLength(3);
  });

  it('cannot be stopped in restricted mode, and says why', async () => {
    await dashboard.send({ ...unfinished(run, midway), trusted: false });
    const stop = dashboard.page.locator('vscode-button', { hasText: 'Stop now' });
    expect(await stop.getAttribute('title')).toContain('not trusted');
    await stop.click({ force: true });
    expect(await dashboard.posted()).toEqual([{ type: 'ready' }]);
    expect(await text('.notices')).toContain('Restricted mode');
  });

  it('shows validation numbers under that name until the report is there', async () => {
    await dashboard.send(unfinished(run, midway));
    expect(await text('.comparison')).toContain('Validation numbers so far');
    // The first seed was evaluated when it ended; of the second there is the curve.
    const errors = (seed: number): number =>
      run.events
        .slice(0, midway)
        .flatMap((event) => (event.type === 'metrics' ? event.points : []))
        .filter((p) => p.role === 'student' && p.seed === seed && p.series === 'validation.errors')
        .map((p) => Number(p.value))
        .at(-1)!;
    const [first, second] = [errors(1), errors(2)];
    const sd = Math.abs(first - second) / Math.SQRT2;
    const shown = await text('tr[data-metric="errors"] td.student .value');
    const [mean, spread] = shown.split(' ± ').map(Number);
    expect(mean).toBeCloseTo((first + second) / 2, 1);
    expect(spread).toBeCloseTo(sd, 1);
    expect(await text('tr[data-metric="errors"] td.scratch')).toBe('–');
    expect(await text('tr[data-metric="errors"] th')).toBe('Validation errors');
  });
});

describe('a finished run', () => {
  it('has in its table the numbers of the report', async () => {
    await dashboard.send(finished(run));
    const cell = (metric: string, role: Role): Promise<string> =>
      text(`tr[data-metric="${metric}"] td.${role} .value`);
    for (const role of ['student', 'scratch'] as const) {
      const row = run.report.roles[role]!;
      expect(await cell('errors', role)).toBe(`${row.errors.mean.toFixed(1)} ± ${row.errors.sd!.toFixed(1)}`);
      expect(await cell('accuracy', role)).toBe(
        `${(row.accuracy.mean * 100).toFixed(2)}% ± ${(row.accuracy.sd! * 100).toFixed(2)}%`,
      );
      expect(await cell('agreement', role)).toBe(
        `${(row.agreement!.mean * 100).toFixed(2)}% ± ${(row.agreement!.sd! * 100).toFixed(2)}%`,
      );
      expect(await cell('kl', role)).toBe(`${row.kl!.mean.toFixed(4)} ± ${row.kl!.sd!.toFixed(4)}`);
      expect(await cell('ece', role)).toBe(
        `${(row.ece.mean * 100).toFixed(2)}% ± ${(row.ece.sd! * 100).toFixed(2)}%`,
      );
      expect(await cell('bytes', role)).toBe('321 kB');
      expect(await cell('parameters', role)).toBe('79.5K');
    }
    expect(await cell('errors', 'teacher')).toBe('152');
    expect(await cell('bytes', 'teacher')).toBe('9.59 MB');
    expect(await cell('multiplyAdds', 'teacher')).toBe('2.39M');
    expect(await cell('latencyOne', 'student')).toBe('0.079 ms');
    expect(await cell('latencyBatch', 'teacher')).toBe('28.4 ms');
    expect(await text('tr[data-metric="errors"] .difference')).toBe(
      '29.0% fewer with the teacher than without',
    );
    expect(await text('tr[data-metric="bytes"] .difference')).toBe('student 30× smaller than the teacher');
  });

  it('draws the bars of a row relative to its largest number', async () => {
    await dashboard.send(finished(run));
    const width = (role: Role): Promise<number> =>
      dashboard.page
        .locator(`tr[data-metric="errors"] td.${role} .meter > span`)
        .evaluate(
          (bar) => bar.getBoundingClientRect().width / bar.parentElement!.getBoundingClientRect().width,
        );
    const { teacher, student, scratch } = run.report.roles;
    expect(await width('scratch')).toBeCloseTo(1, 2);
    expect(await width('student')).toBeCloseTo(student!.errors.mean / scratch!.errors.mean, 2);
    expect(await width('teacher')).toBeCloseTo(teacher!.errors.mean / scratch!.errors.mean, 2);
  });

  it('lists each seed when asked', async () => {
    await dashboard.send(finished(run));
    expect(await dashboard.page.locator('.comparison .seeds').count()).toBe(0);
    await dashboard.page.getByRole('checkbox', { name: 'Each seed' }).press('Space');
    expect(await text('tr[data-metric="errors"] td.student .seeds')).toBe('598 · 571 · 612');
  });

  it('says the verdict, the gap closed and which expected lines hold, and goes to their lines', async () => {
    await dashboard.send(finished(run));
    expect(await text('#outcome-title')).toBe(run.report.comparisons[0]!.sentence);
    expect(await text('.headlines')).toContain('35%');
    const lines = dashboard.page.locator('.expectations li');
    expect(await lines.nth(0).getAttribute('class')).toBe('pass');
    expect(await lines.nth(1).getAttribute('class')).toBe('fail');
    expect(await lines.nth(1).innerText()).toContain('0.9394 >= 0.95');
    await lines.nth(1).getByRole('button').click();
    expect((await dashboard.posted()).at(-1)).toEqual({ type: 'openExperiment', id, line: 32 });
  });

  it('can be run again and opened', async () => {
    await dashboard.send(finished(run));
    await dashboard.page.getByRole('button', { name: 'Run again' }).click();
    await dashboard.page.getByRole('button', { name: 'Open experiment file' }).click();
    await dashboard.page.getByRole('button', { name: 'Open run directory' }).click();
    expect(await dashboard.posted()).toEqual([
      { type: 'ready' },
      { type: 'runAgain', id },
      { type: 'openExperiment', id },
      { type: 'openDirectory', id },
    ]);
    expect(await dashboard.page.getByRole('button', { name: 'Stop now' }).count()).toBe(0);
  });
});

describe('a run that went wrong', () => {
  it('says what is wrong and goes to the line that causes it', async () => {
    const failed = unfinished(run, midway);
    failed.run!.state = 'failed';
    failed.run!.manifest.message = 'The training diverged.';
    failed.run!.events.push({
      type: 'problem',
      seq: midway + 1,
      time: '2026-11-23T17:46:00.000Z',
      severity: 'error',
      code: 'training.diverged',
      message: 'A learning rate of 0.8 is too high here.',
      line: 27,
      column: 12,
    });
    await dashboard.send(failed);
    expect(await dashboard.page.getByRole('alert').innerText()).toContain('The training diverged.');
    expect(await text('.notice.error')).toContain('A learning rate of 0.8 is too high here.');
    await dashboard.page.getByRole('button', { name: 'Go to line 27' }).click();
    expect((await dashboard.posted()).at(-1)).toEqual({ type: 'openExperiment', id, line: 27, column: 12 });
  });

  it('shows as lost when its process is gone', async () => {
    const lost = unfinished(run, midway);
    lost.run!.state = 'lost';
    await dashboard.send(lost);
    expect(await text('.pill')).toBe('Lost');
    expect(await dashboard.page.locator('.progress').count()).toBe(0);
    expect(await text('.notice.lost')).toContain('gone without a last word');
  });
});

describe('a workspace without runs', () => {
  it('offers a new experiment', async () => {
    await dashboard.send({ type: 'snapshot', run: null, runs: [], trusted: true });
    await dashboard.page.getByRole('button', { name: 'New Experiment' }).click();
    expect((await dashboard.posted()).at(-1)).toEqual({ type: 'newExperiment' });
  });

  it('waits for the first event without promising charts', async () => {
    const starting = unfinished(run, 0);
    starting.run!.state = 'starting';
    await dashboard.send(starting);
    expect(await text('#progress-title')).toContain('Getting ready');
    expect(await dashboard.page.locator('.chart').count()).toBe(0);
  });
});
