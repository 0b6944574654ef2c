import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../src/runs/events';
import { ProgressMeter, stageCost, type PlannedStage } from '../../src/trainer/progress';

type Progress = Extract<RunEventBody, { type: 'progress' }>;

const teacher: PlannedStage = {
  id: 'teacher',
  role: 'teacher',
  seed: 1,
  name: 'train',
  epochs: 2,
  stepsPerEpoch: 10,
  batch: 50,
  cost: 6000,
};
const student: PlannedStage = {
  id: 'student/1/distill',
  role: 'student',
  seed: 1,
  name: 'distill',
  epochs: 4,
  stepsPerEpoch: 5,
  batch: 10,
  cost: 2000,
};

let time: number;
/** The stage that began last. */
let current: string;
let events: Progress[];
let meter: ProgressMeter;
beforeEach(() => {
  time = 1000;
  events = [];
  meter = new ProgressMeter(
    [teacher, student],
    (event) => events.push(event),
    () => time,
  );
});

function begin(id: string, done?: number): void {
  current = id;
  meter.begin(id, done);
}

/** Does steps that take so many milliseconds each. */
function work(from: number, to: number, milliseconds: number, id = current): void {
  for (let step = from; step <= to; step++) {
    time += milliseconds;
    meter.step(id, step);
  }
}

describe('progress', () => {
  it('tells rate, time left and the share of the run', () => {
    begin('teacher');
    work(1, 1, 100);
    // 10 steps of 50 samples a second; 19 steps are left. 300 of 8000 are done in 0.1 s, so the student's 2000 take ⅔ s.
    expect(events).toEqual([
      {
        type: 'progress',
        stage: 'teacher',
        role: 'teacher',
        seed: 1,
        epoch: 1,
        epochs: 2,
        step: 1,
        steps: 20,
        samplesPerSecond: 500,
        etaSeconds: 1.9,
        runEtaSeconds: expect.closeTo(1.9 + 2 / 3, 3) as number,
        fraction: 0.0375,
      },
    ]);
  });

  it('goes on to the next stage', () => {
    begin('teacher');
    work(1, 20, 100);
    meter.end(current);
    time += 5000;
    begin('student/1/distill');
    work(1, 10, 200);
    // 5 steps of 10 samples a second; 10 steps and no stage are left. 6000 and half of 2000 are done of 8000.
    expect(events.at(-1)).toMatchObject({
      step: 10,
      epoch: 2,
      samplesPerSecond: 50,
      etaSeconds: 2,
      runEtaSeconds: 2,
      fraction: 0.875,
    });
    work(11, 20, 200);
    expect(events.at(-1)).toMatchObject({
      step: 20,
      epoch: 4,
      epochs: 4,
      etaSeconds: 0,
      runEtaSeconds: 0,
      fraction: 1,
    });
  });

  it('leaves a teacher that is used again out of the total', () => {
    meter.skip('teacher');
    begin('student/1/distill');
    work(1, 10, 200);
    expect(events.at(-1)).toMatchObject({ fraction: 0.5, runEtaSeconds: 2 });
  });

  it('counts a stage that was left early as done', () => {
    begin('teacher');
    work(1, 10, 100);
    expect(events.at(-1)!.fraction).toBeLessThan(0.5);
    meter.end(current);
    begin('student/1/distill');
    work(1, 10, 200);
    expect(events.at(-1)!.fraction).toBe(0.875);
  });

  it('is told five times a second at most, and always at the last step', () => {
    begin('teacher');
    work(1, 20, 70);
    // The first step, then every third (210 ms), then the last.
    expect(events.map(({ step }) => step)).toEqual([1, 4, 7, 10, 13, 16, 19, 20]);
    meter.end(current);
    begin('student/1/distill');
    work(1, 1, 10);
    expect(events.at(-1)).toMatchObject({ stage: 'student/1/distill', step: 1 });
  });

  it('follows a machine that becomes slower, within a few seconds', () => {
    begin('teacher');
    work(1, 10, 100);
    expect(events.at(-1)).toMatchObject({ step: 9, samplesPerSecond: 500, etaSeconds: 1.1 });
    work(11, 12, 1000);
    expect(events.at(-1)!.samplesPerSecond).toBeGreaterThan(50);
    work(13, 16, 1000);
    expect(events.at(-1)).toMatchObject({ step: 16, samplesPerSecond: 50, etaSeconds: 4 });
  });

  it('begins epochs with their first step', () => {
    begin('student/1/distill');
    work(1, 20, 1000);
    expect(events.map(({ epoch }) => epoch)).toEqual([
      1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4,
    ]);
  });

  it('is not told of stages that nobody planned, or after the end', () => {
    meter.step('teacher', 1);
    begin('unknown');
    work(1, 3, 500);
    begin('teacher');
    meter.end(current);
    work(1, 3, 500);
    expect(events).toEqual([]);
  });

  it('adds up stages that are trained at once', () => {
    begin('teacher');
    meter.begin('student/1/distill');
    time += 1000;
    meter.step('student/1/distill', 10);
    time += 1000;
    meter.step('teacher', 10);
    // 3000 of the teacher and 1000 of the student are done of 8000, in two seconds.
    expect(events.at(-1)).toMatchObject({ stage: 'teacher', fraction: 0.5, etaSeconds: 2, runEtaSeconds: 2 });
  });

  it('goes on with a stage that an earlier process had begun, at its own speed', () => {
    begin('teacher', 10);
    work(11, 15, 1000);
    expect(events.at(-1)).toMatchObject({ step: 15, etaSeconds: 5, samplesPerSecond: 50 });
    // Five steps of the teacher, 1500 of the cost, took 5 s; 3500 are left.
    expect(events.at(-1)!.runEtaSeconds).toBeCloseTo(11.667, 2);
    expect(events.at(-1)!.fraction).toBe(0.5625);
  });

  it('stays finite when no time passes', () => {
    begin('teacher');
    work(1, 20, 0);
    for (const { samplesPerSecond, etaSeconds, runEtaSeconds } of events)
      expect([samplesPerSecond, etaSeconds, runEtaSeconds].every(Number.isFinite)).toBe(true);
  });
});

it('costs three forward passes a sample, and one of the teacher where it is asked at every step', () => {
  const size = { epochs: 2, stepsPerEpoch: 10, batch: 50 };
  expect(stageCost(size, 7, 0)).toBe(21_000);
  expect(stageCost(size, 7, 11)).toBe(32_000);
});
