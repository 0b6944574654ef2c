import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twoAtOnce } from './fixtures/overlap';
import { countUpTo, finished, makeRun, unfinished } from './fixtures/run';
import { Harness, themeNames, type Dashboard } from './harness';

const run = makeRun();
const midway = countUpTo(
  run,
  (event) => event.type === 'progress' && event.role === 'student' && event.seed === 2 && event.epoch === 12,
);

const overlapping = twoAtOnce(run);
const bothMidway = countUpTo(
  overlapping,
  (event) => event.type === 'progress' && event.role === 'scratch' && event.seed === 2 && event.epoch === 12,
);

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

/** Every fault that axe finds, as one line each. */
async function faults(dashboard: Dashboard): Promise<string[]> {
  await dashboard.page.evaluate(axe.source);
  const { violations } = await dashboard.page.evaluate(() =>
    (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
  );
}

// Each case also writes its pictures to test-results/webview: they are to be looked at.
describe.each(themeNames)('in the theme %s', (theme) => {
  it.each([480, 1200])(
    'at %i px the page has no accessibility fault and breaks no rule of its CSP',
    async (width) => {
      const dashboard = await harness.open({ theme, width });
      await dashboard.send({ type: 'snapshot', run: null, runs: [], trusted: true });
      expect(await faults(dashboard)).toEqual([]);
      await dashboard.screenshot(`${theme}-${width}-empty`);

      await dashboard.send(unfinished(run, midway));
      expect(await faults(dashboard)).toEqual([]);
      await dashboard.screenshot(`${theme}-${width}-running`);

      const both = unfinished(overlapping, bothMidway);
      both.run!.events.push({
        type: 'cache',
        seq: bothMidway + 1,
        time: '2026-11-23T17:46:00.000Z',
        state: 'used',
        rows: 55_000,
        hits: 55_000,
        misses: 0,
        hitRate: 1,
        bytes: 2_200_000,
        dtype: 'float32',
      });
      await dashboard.send(both);
      expect(await faults(dashboard)).toEqual([]);
      await dashboard.screenshot(`${theme}-${width}-two-at-once`);

      const stopped = { ...both.run!, state: 'stopped', resumable: true } as const;
      await dashboard.send({ ...both, run: stopped });
      expect(await faults(dashboard)).toEqual([]);
      await dashboard.screenshot(`${theme}-${width}-stopped`);

      await dashboard.send(finished(run));
      await dashboard.page.locator('.engine summary').click();
      expect(await faults(dashboard)).toEqual([]);
      await dashboard.page.locator('.engine summary').click();
      await dashboard.screenshot(`${theme}-${width}-done`);

      const failed = unfinished(run, midway);
      failed.run!.state = 'failed';
      failed.run!.manifest.state = 'failed';
      failed.run!.manifest.message = 'The training diverged.';
      failed.run!.events.push({
        type: 'problem',
        seq: midway + 1,
        time: '2026-11-23T17:46:00.000Z',
        severity: 'error',
        code: 'training.diverged',
        message: 'The loss became infinite in epoch 12: a learning rate of 0.8 is too high here. Try 0.01.',
        line: 27,
      });
      await dashboard.send({ ...failed, trusted: false });
      await dashboard.page.getByRole('button', { name: 'Show Training loss as a table' }).click();
      await dashboard.page.getByRole('checkbox', { name: 'Each seed' }).click();
      expect(await faults(dashboard)).toEqual([]);
      await dashboard.screenshot(`${theme}-${width}-failed`);

      expect(await dashboard.violations()).toEqual([]);
      expect(dashboard.errors).toEqual([]);
      await dashboard.page.close();
    },
  );
});

describe('in every width', () => {
  it.each([300, 480, 760, 1100, 1600])('nothing is wider than the page at %i px', async (width) => {
    const dashboard = await harness.open({ width, surface: width < 400 ? 'view' : 'panel' });
    await dashboard.send(finished(run));
    const overflow = await dashboard.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    await dashboard.screenshot(`dark-${width}-width`);
    await dashboard.page.close();
  });

  it('stands in one column at 480 px and in two when there is room', async () => {
    const columns = async (width: number): Promise<number> => {
      const dashboard = await harness.open({ width });
      await dashboard.send(finished(run));
      const lefts = await dashboard.page
        .locator('.chart')
        .evaluateAll((charts) => charts.map((c) => c.getBoundingClientRect().left));
      await dashboard.page.close();
      return new Set(lefts).size;
    };
    expect(await columns(480)).toBe(1);
    expect(await columns(1100)).toBe(2);
  });
});

describe('when the theme changes', () => {
  it('draws the curves in the new colours without a reload', async () => {
    const dashboard = await harness.open({ theme: 'dark' });
    await dashboard.send(finished(run));
    const canvas = dashboard.page.locator('#validation canvas');
    // The student's blue in Dark Modern and in Light Modern.
    const pixelsOf = (wanted: number[]): Promise<number> =>
      canvas.evaluate((element, [r, g, b]) => {
        const { width, height } = element as HTMLCanvasElement;
        const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === r && data[i + 1] === g && data[i + 2] === b) count++;
        return count;
      }, wanted);
    const dark = [0x59, 0xa4, 0xf9];
    const light = [0x00, 0x63, 0xd3];
    expect(await pixelsOf(dark)).toBeGreaterThan(50);
    expect(await pixelsOf(light)).toBe(0);
    await dashboard.setTheme('light');
    expect(await pixelsOf(light)).toBeGreaterThan(50);
    expect(await pixelsOf(dark)).toBe(0);
    await dashboard.page.close();
  });
});
