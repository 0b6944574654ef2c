import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Role, SampleEvent } from '../../src/editor/dashboard/messages';
import { finished, makeRun } from './fixtures/run';
import { Harness, type Dashboard } from './harness';

const run = makeRun();

let harness: Harness;
let dashboard: Dashboard;
beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());
beforeEach(async () => {
  dashboard = await harness.open();
  await dashboard.send(finished(run));
});
afterEach(async () => {
  expect(dashboard.errors).toEqual([]);
  await dashboard.page.close();
});

/** The last logits of a role and seed. */
function logitsOf(role: Role, seed: number): number[][] {
  const samples = run.events.filter(
    (event): event is SampleEvent => event.type === 'sample' && event.role === role && event.seed === seed,
  );
  return samples.at(-1)!.logits.map((row) => row.map(Number));
}

/** Written out apart from the page: e^(z/T) over the sum of them. */
function probabilities(logits: number[], temperature: number): number[] {
  const total = logits.reduce((sum, logit) => sum + Math.E ** (logit / temperature), 0);
  return logits.map((logit) => Math.E ** (logit / temperature) / total);
}

/** The heights of the bars of an image, as shares of the room that they have. */
function heights(place: number, role: Role): Promise<number[]> {
  return dashboard.page
    .locator('.image')
    .nth(place)
    .locator(`[data-bars="${role}"] > span > span`)
    .evaluateAll((bars) =>
      bars.map(
        (bar) => bar.getBoundingClientRect().height / bar.parentElement!.getBoundingClientRect().height,
      ),
    );
}

const temperature = async (): Promise<number> =>
  Number(await dashboard.page.locator('.temperature').getAttribute('data-temperature'));

async function expectBars(at: number): Promise<void> {
  for (const place of [0, 4, 9]) {
    const teacher = probabilities(logitsOf('teacher', 1)[place]!, at);
    const students = [1, 2, 3].map((seed) => probabilities(logitsOf('student', seed)[place]!, at));
    const mean = teacher.map((_, i) => students.reduce((sum, p) => sum + p[i]! / 3, 0));
    (await heights(place, 'teacher')).forEach((height, i) => expect(height).toBeCloseTo(teacher[i]!, 4));
    (await heights(place, 'student')).forEach((height, i) => expect(height).toBeCloseTo(mean[i]!, 4));
  }
}

describe('soft labels', () => {
  it('begin at the temperature of the training, which is marked', async () => {
    expect(await temperature()).toBe(4);
    expect(await dashboard.page.locator('.marks').innerText()).toContain('4 in training');
    await expectBars(4);
  });

  it('take another shape at once when the temperature is moved by key, by mark and by mouse', async () => {
    const slider = dashboard.page.getByRole('slider', { name: 'Temperature' });
    await slider.focus();
    for (let i = 0; i < 12; i++) await dashboard.page.keyboard.press('ArrowRight');
    const hotter = await temperature();
    expect(hotter).toBeGreaterThan(5);
    await expectBars(hotter);
    await dashboard.page.keyboard.press('Home');
    expect(await temperature()).toBe(0.5);
    await expectBars(0.5);
    await dashboard.page.keyboard.press('End');
    expect(await temperature()).toBe(20);
    await expectBars(20);
    await dashboard.page.getByRole('button', { name: '1', exact: true }).click();
    expect(await temperature()).toBe(1);
    await expectBars(1);
    const box = (await slider.boundingBox())!;
    await dashboard.page.mouse.click(box.x + box.width * 0.75, box.y + box.height / 2);
    expect(await temperature()).toBeGreaterThan(6);
    await expectBars(await temperature());
    expect(await slider.getAttribute('aria-valuetext')).toBe(
      await dashboard.page.locator('.temperature output').innerText(),
    );
    expect(await dashboard.saved()).toMatchObject({ temperature: await temperature() });
  });

  it('do not draw the curves again', async () => {
    const canvas = dashboard.page.locator('#loss canvas');
    await canvas.evaluate((element) => {
      const context = (element as HTMLCanvasElement).getContext('2d')!;
      context.fillRect(0, 0, 5, 5);
    });
    const marked = await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
    await dashboard.page.getByRole('slider', { name: 'Temperature' }).press('ArrowRight');
    await dashboard.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    expect(await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL())).toBe(marked);
  });

  it('are shown of one seed when asked, and of the student from scratch', async () => {
    await dashboard.page.getByRole('combobox', { name: 'Which seed' }).click();
    await dashboard.page.getByRole('option', { name: 'Seed 2' }).click();
    const second = probabilities(logitsOf('student', 2)[4]!, 4);
    await expect.poll(async () => (await heights(4, 'student'))[4]).toBeCloseTo(second[4]!, 4);
    await dashboard.page.locator('.soft').getByRole('radio', { name: 'From scratch' }).click();
    const scratch = probabilities(logitsOf('scratch', 2)[4]!, 4);
    await expect.poll(async () => (await heights(4, 'scratch'))[4]).toBeCloseTo(scratch[4]!, 4);
  });

  it('are mirrored in the large view of the chosen image, with the true class marked', async () => {
    await dashboard.page.locator('.image').nth(7).press('Enter');
    expect(await dashboard.page.locator('.detail figcaption strong').innerText()).toBe('7');
    expect(await dashboard.page.locator('.detail tr.true th').innerText()).toContain('7');
    const teacher = probabilities(logitsOf('teacher', 1)[7]!, 4);
    const shown = await dashboard.page.locator('.detail td.teacher .value').allInnerTexts();
    expect(shown).toEqual(teacher.map((p) => `${(p * 100).toFixed(1)}%`));
    const sides = await dashboard.page.locator('.detail tr.true .level').evaluateAll((bars) =>
      bars.map((bar) => {
        const { left, right } = bar.getBoundingClientRect();
        return { left, right };
      }),
    );
    expect(sides[0]!.right).toBeLessThan(sides[1]!.left);
  });

  it('stand beside the images as they are', async () => {
    const image = run.events.flatMap((event) => (event.type === 'sample' ? (event.images ?? []) : []))[3]!;
    const bytes = Buffer.from(image.pixels, 'base64');
    const drawn = await dashboard.page
      .locator('.image canvas')
      .nth(3)
      .evaluate((canvas) => [
        ...(canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 28, 28).data,
      ]);
    expect(drawn.filter((_, i) => i % 4 === 0)).toEqual([...bytes]);
    const label = await dashboard.page.locator('.image').nth(3).getAttribute('aria-label');
    expect(label).toMatch(/^Test image of 3\. Teacher: 3 [\d.]+%\. Student: 3 [\d.]+%\.$/);
  });
});
