import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ProgressEvent, RunEvent, StageEvent } from '../../../src/runs/events';
import { lastProgress, ProgressTracker } from '../../../src/editor/runs/runProgress';
import { temporaryFolder } from '../runs/helpers';
import { progressOf } from './models';

const progress = (stage: string, fraction: number, eta: number): ProgressEvent => ({
  ...progressOf(fraction, eta),
  stage,
});
const stage = (name: string, state: StageEvent['state']): StageEvent => ({
  seq: 1,
  time: '',
  type: 'stage',
  stage: name,
  role: 'student',
  seed: 1,
  name: 'distill',
  state,
  hash: '',
  epochs: 20,
  stepsPerEpoch: 5,
});
const starting: RunEvent = { seq: 1, time: '', type: 'run', state: 'starting' };

describe('how far a run is', () => {
  test('nothing is known before the first step', () => {
    const tracker = new ProgressTracker();
    expect(tracker.take([starting, stage('teacher', 'started')])).toBe(false);
    expect(tracker.progress).toBeUndefined();
  });

  test('of stages that overlap each is kept, and the time left does not swing between them', () => {
    const tracker = new ProgressTracker();
    tracker.take([stage('a', 'started'), stage('b', 'started')]);
    const left: (number | undefined)[] = [];
    for (let i = 1; i <= 4; i++) {
      expect(tracker.take([progress('a', i / 10, 60)])).toBe(true);
      tracker.take([progress('b', i / 10 + 0.05, 40)]);
      left.push(tracker.progress?.runEtaSeconds);
    }
    expect(left).toEqual([60, 60, 60, 60]);
    expect(tracker.progress?.fraction).toBeCloseTo(0.45);
    expect(tracker.progress?.stages.map((s) => s.stage)).toEqual(['a', 'b']);
    tracker.take([stage('a', 'finished')]);
    expect(tracker.progress?.stages.map((s) => s.stage)).toEqual(['b']);
    expect(tracker.progress?.runEtaSeconds).toBe(40);
  });

  test('between two stages the last word stays', () => {
    const tracker = new ProgressTracker();
    tracker.take([stage('a', 'started'), progress('a', 0.3, 10), stage('a', 'finished')]);
    expect(tracker.progress).toMatchObject({ fraction: 0.3, stages: [{ stage: 'a' }] });
  });

  test('a process that takes the run up begins without the stages of the one before', () => {
    const tracker = new ProgressTracker();
    tracker.take([stage('a', 'started'), progress('a', 0.3, 10), starting]);
    expect(tracker.progress).toBeUndefined();
    tracker.take([stage('b', 'resumed'), progress('b', 0.4, 9)]);
    expect(tracker.progress?.stages.map((s) => s.stage)).toEqual(['b']);
  });
});

describe('how far a run came that is over', () => {
  const write = (lines: string[]): string => {
    const directory = temporaryFolder();
    fs.writeFileSync(path.join(directory, 'events.jsonl'), lines.join('\n'));
    return directory;
  };
  const line = (event: RunEvent, seq: number): string => JSON.stringify({ ...event, seq });

  test('stands at the end of its events, however many there are, also behind a torn last line', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => line(progress('a', i / 4000, 9), i + 1));
    const directory = write([...many, '{"seq":3001,"type":"progr']);
    expect(fs.statSync(path.join(directory, 'events.jsonl')).size).toBeGreaterThan(4 * 65_536);
    expect((await lastProgress(directory))?.fraction).toBe(2999 / 4000);
  });

  test('is not known without events, or when none of them tells of progress', async () => {
    expect(await lastProgress(temporaryFolder())).toBeUndefined();
    expect(await lastProgress(write([line(starting, 1)]))).toBeUndefined();
  });
});
