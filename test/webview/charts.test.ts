import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/editor/dashboard/messages';
import { countUpTo, finished, makeRun, unfinished } from './fixtures/run';
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

/** Mean over the seeds of a role's validation accuracy after an epoch, from the events. */
function accuracyAfter(epoch: number, role: Role): string {
  const values = run.events.flatMap((event) =>
    event.type === 'metrics'
      ? event.points
          .filter((p) => p.series === 'validation.accuracy' && p.role === role && p.epoch === epoch)
          .map((p) => Number(p.value))
      : [],
  );
  return `${((values.reduce((sum, value) => sum + value, 0) / values.length) * 100).toFixed(2)}%`;
}

const status = (): Promise<string> => dashboard.page.locator('#validation > [role="status"]').innerText();
const legend = (): Promise<string> => dashboard.page.locator('#validation .legend').innerText();

describe('the validation chart', () => {
  it('is walked along with the arrow keys, and says where it stands', async () => {
    await dashboard.send(finished(run));
    const chart = dashboard.page.locator('#validation .canvas');
    await chart.focus();
    const said = (epoch: number): string =>
      `epoch ${epoch}: Teacher 98.46%, Student ${accuracyAfter(epoch, 'student')}, From scratch ${accuracyAfter(epoch, 'scratch')}.`;
    await dashboard.page.keyboard.press('ArrowRight');
    expect(await status()).toBe(said(1));
    await dashboard.page.keyboard.press('ArrowRight');
    await dashboard.page.keyboard.press('ArrowRight');
    expect(await status()).toBe(said(3));
    await dashboard.page.keyboard.press('ArrowLeft');
    expect(await status()).toBe(said(2));
    await dashboard.page.keyboard.press('End');
    await dashboard.page.keyboard.press('ArrowRight');
    expect(await status()).toBe(said(24));
    expect(await legend()).toContain(accuracyAfter(24, 'student'));
    await dashboard.page.keyboard.press('Home');
    expect(await legend()).toContain(accuracyAfter(1, 'student'));
    // The cursor stands at the same place in every chart.
    await expect
      .poll(() => dashboard.page.locator('#loss .place').innerText())
      .toMatch(/^epoch 0\.97|^epoch 1$|^epoch 1\.\d/);
    await dashboard.page.keyboard.press('Escape');
    expect(await status()).toBe('');
  });

  it('draws one thin curve a seed, their mean, and the teacher as a level to reach', async () => {
    await dashboard.send(finished(run));
    expect(await dashboard.page.locator('#validation .canvas').getAttribute('data-lines')).toBe('9');
    expect(await dashboard.page.locator('#validation .legend button').allInnerTexts()).toEqual([
      expect.stringContaining('Teacher'),
      expect.stringContaining('Student'),
      expect.stringContaining('From scratch'),
    ]);
    const dashes = await dashboard.page
      .locator('#validation .swatch line')
      .evaluateAll((lines) => lines.map((line) => line.getAttribute('stroke-dasharray')));
    expect(new Set(dashes).size).toBe(3);
  });

  it('shows the teacher’s own curve while only the teacher learns', async () => {
    const count = countUpTo(
      run,
      (event) => event.type === 'progress' && event.role === 'teacher' && event.epoch === 4,
    );
    await dashboard.send(unfinished(run, count));
    expect(await dashboard.page.locator('#validation .legend button').allInnerTexts()).toEqual([
      expect.stringContaining('Teacher'),
    ]);
    expect(await dashboard.page.locator('#validation-summary').textContent()).toContain('after 2 epochs');
  });

  it('takes the mean where all seeds that began have a value', async () => {
    const count = countUpTo(
      run,
      (event) =>
        event.type === 'progress' && event.role === 'student' && event.seed === 2 && event.epoch === 12,
    );
    await dashboard.send(unfinished(run, count));
    await dashboard.page.getByRole('button', { name: 'Show Validation accuracy as a table' }).click();
    const columns = await dashboard.page.locator('#validation thead th').allInnerTexts();
    expect(columns).toEqual(['epoch', 'Teacher', 'Student, seed 1', 'Student, seed 2', 'Student']);
    const rows = await dashboard.page
      .locator('#validation tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
    expect(rows).toHaveLength(24);
    for (const [epoch, , first, second, mean] of rows) {
      const both = [first, second].map((value) => parseFloat(value ?? ''));
      if (second === '') expect(mean, `epoch ${epoch ?? ''}`).toBe('');
      else expect(parseFloat(mean ?? '')).toBeCloseTo((both[0]! + both[1]!) / 2, 1);
    }
    expect(rows[9]![3]).not.toBe('');
    expect(rows[23]![3]).toBe('');
  });

  it('zooms by dragging, in all charts, and back by a double click', async () => {
    await dashboard.send(finished(run));
    const before = await marks('#loss');
    const box = (await dashboard.page.locator('#validation .u-over').boundingBox())!;
    await dashboard.page.mouse.move(box.x + box.width * 0.5, box.y + 60);
    await dashboard.page.mouse.down();
    await dashboard.page.mouse.move(box.x + box.width * 0.75, box.y + 70, { steps: 4 });
    await dashboard.page.mouse.up();
    await dashboard.page.getByRole('button', { name: 'Reset zoom' }).waitFor();
    expect(await marks('#loss')).not.toBe(before);
    await dashboard.page.mouse.dblclick(box.x + box.width * 0.5, box.y + 60);
    await dashboard.page.getByRole('button', { name: 'Reset zoom' }).waitFor({ state: 'detached' });
    await dashboard.page.mouse.move(0, 0);
    await expect.poll(() => marks('#loss')).toBe(before);
  });

  it('switches curves off and on from the legend', async () => {
    await dashboard.send(finished(run));
    const before = await marks('#validation');
    const entry = dashboard.page.locator('#validation .legend button', { hasText: 'Student' });
    await entry.click();
    expect(await entry.getAttribute('aria-pressed')).toBe('false');
    const hidden = await marks('#validation');
    expect(hidden).not.toBe(before);
    await entry.press('Enter');
    expect(await entry.getAttribute('aria-pressed')).toBe('true');
    await expect.poll(() => marks('#validation')).toBe(before);
  });
});

/** The pixels of a chart. */
function marks(selector: string): Promise<string> {
  return dashboard.page
    .locator(`${selector} canvas`)
    .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

describe('the loss chart', () => {
  it('draws every term and the total of the student, and follows the choice of another role', async () => {
    await dashboard.send(finished(run));
    const names = (): Promise<string[]> => dashboard.page.locator('#loss .legend .name').allInnerTexts();
    expect(await names()).toEqual(['Soft labels', 'True labels', 'Total']);
    await dashboard.page.locator('#loss').getByRole('radio', { name: 'Teacher' }).click();
    await expect.poll(names).toEqual(['Loss']);
    expect(await dashboard.page.locator('#rate-summary').textContent()).toContain('of the teacher');
  });

  it('has a logarithmic scale and smoothing', async () => {
    await dashboard.send(finished(run));
    const logarithmic = await marks('#loss');
    await dashboard.page.locator('#loss').getByRole('checkbox', { name: 'Log scale' }).click();
    await expect.poll(() => marks('#loss')).not.toBe(logarithmic);
    const raw = await marks('#loss');
    await dashboard.page.locator('#smoothing').press('PageUp');
    await expect.poll(() => marks('#loss')).not.toBe(raw);
    expect(await dashboard.saved()).toMatchObject({ logLoss: false });
  });
});

describe('live data', () => {
  it('are drawn into the same charts: nothing is made anew', async () => {
    const begun = countUpTo(
      run,
      (event) => event.type === 'progress' && event.role === 'student' && event.epoch === 3,
    );
    await dashboard.send(unfinished(run, begun));
    const before = await marks('#loss');
    await dashboard.page.evaluate(() => {
      for (const canvas of document.querySelectorAll('.chart canvas'))
        canvas.setAttribute('data-first', 'yes');
    });
    await dashboard.send({ type: 'append', id, events: run.events.slice(begun, begun + 30) });
    expect(await marks('#loss')).not.toBe(before);
    expect(await dashboard.page.locator('.chart canvas:not([data-first])').count()).toBe(0);
    expect(await dashboard.page.locator('.chart canvas[data-first]').count()).toBe(4);
  });

  // A machine under load may itself halt the page: three tries tell that from a page that is slow.
  it('come a thousand times without the page ever standing still', { retry: 2 }, async () => {
    const start = run.events.length - 1001;
    await dashboard.send(unfinished(run, start));
    const messages = run.events.slice(start, -1).map((event) => ({ type: 'append', id, events: [event] }));
    expect(messages).toHaveLength(1000);
    const { frames, longest } = await dashboard.page.evaluate(async (all) => {
      let longest = 0;
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
      });
      observer.observe({ type: 'longtask' });
      let frames = 0;
      for (let next = 0; next < all.length; frames++) {
        for (const end = next + 5; next < end && next < all.length; next++)
          window.postMessage(all[next], '*');
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      observer.disconnect();
      return { frames, longest };
    }, messages);
    expect(frames).toBe(200);
    expect(longest).toBeLessThan(200);
    expect(await dashboard.dataset()).toMatchObject({
      lastSeq: String(start + 1000),
      eventCount: String(start + 1000),
    });
  });
});
