import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MetricPoint } from '../../src/runs/events';
import { CurveRecorder } from '../../src/trainer/curves';

let batches: MetricPoint[][];
let curves: CurveRecorder;
beforeEach(() => {
  batches = [];
  curves = new CurveRecorder('student', 3, (points) => batches.push(points));
});

const step = (number: number, loss: number, terms: number[] = [], gradientNorm: number | null = null) =>
  curves.step({ step: number, rate: 0.1, loss, terms, gradientNorm });
const seriesOf = (name: string) =>
  batches.flat().flatMap(({ series, step, value }) => (series === name ? [[step, value]] : []));

describe('curves', () => {
  it('have a point for every step of a short stage, with its terms by name', () => {
    curves.beginStage(['kd', 'ce', 'kd.2'], 2, 1);
    step(1, 5, [1, 2, 3], 0.25);
    step(2, 4, [0.5, 1, 1.5]);
    const common = { role: 'student', seed: 3 };
    const first = { ...common, step: 1, epoch: 0.5 };
    const second = { ...common, step: 2, epoch: 1 };
    expect(batches).toEqual([
      [
        { ...first, series: 'loss', value: 5 },
        { ...first, series: 'rate', value: 0.1 },
        { ...first, series: 'loss.kd', value: 1 },
        { ...first, series: 'loss.ce', value: 2 },
        { ...first, series: 'loss.kd.2', value: 3 },
        { ...first, series: 'gradient_norm', value: 0.25 },
      ],
      [
        { ...second, series: 'loss', value: 4 },
        { ...second, series: 'rate', value: 0.1 },
        { ...second, series: 'loss.kd', value: 0.5 },
        { ...second, series: 'loss.ce', value: 1 },
        { ...second, series: 'loss.kd.2', value: 1.5 },
      ],
    ]);
  });

  it('have the mean of the steps since the last point where a stage is long', () => {
    curves.beginStage(['ce'], 450, 2);
    [1, 2, 6, 10, 20, 60].forEach((loss, i) => step(i + 1, loss, [loss / 2]));
    expect(seriesOf('loss')).toEqual([
      [3, 3],
      [6, 30],
    ]);
    expect(seriesOf('loss.ce')).toEqual([
      [3, 1.5],
      [6, 15],
    ]);
  });

  it('have at most 300 points a stage, spread evenly over all of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 50 }),
        (stepsPerEpoch, epochs) => {
          curves.beginStage([], stepsPerEpoch, epochs);
          const drawn = Array.from({ length: stepsPerEpoch * epochs }, (_, i) => i + 1).filter((at) =>
            curves.drawsAt(at),
          );
          expect(drawn.length).toBeLessThanOrEqual(300);
          expect(drawn.length).toBeGreaterThanOrEqual(Math.min(stepsPerEpoch * epochs, 150));
          expect(new Set(drawn.map((at, i) => at - (drawn[i - 1] ?? 0))).size).toBe(1);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('count steps and epochs on across stages', () => {
    curves.beginStage([], 5, 2);
    for (let i = 1; i <= 10; i++) step(i, i);
    curves.points(10, { 'validation.errors': 7 });
    curves.endStage(5, 2);
    curves.beginStage([], 4, 1);
    step(1, 11);
    curves.points(4, { 'validation.errors': 6 });
    expect(seriesOf('loss').map(([at]) => at)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(seriesOf('validation.errors')).toEqual([
      [10, 7],
      [14, 6],
    ]);
    expect(batches.at(-1)![0]!.epoch).toBe(3);
    expect(batches.at(-2)![0]!.epoch).toBe(2.25);
  });

  it('carry nothing from one stage into the next', () => {
    curves.beginStage([], 301, 1);
    step(1, 1000);
    curves.endStage(301, 1);
    curves.beginStage([], 301, 1);
    step(1, 1);
    step(2, 3);
    expect(seriesOf('loss')).toEqual([[303, 2]]);
  });

  it('show what is not a number, and no more digits than a drawing needs', () => {
    curves.beginStage([], 3, 1);
    step(1, NaN);
    step(2, Infinity);
    step(3, 1.23456789012);
    expect(seriesOf('loss')).toEqual([
      [1, NaN],
      [2, Infinity],
      [3, 1.234568],
    ]);
  });
});
