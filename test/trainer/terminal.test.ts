import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../src/runs/events';
import { duration, Terminal } from '../../src/trainer/terminal';

let time: number;
let written: string;
let kept: string[];
beforeEach(() => {
  time = 0;
  written = '';
  kept = [];
});

function terminal(options: { isTTY?: boolean; columns?: number; seeds?: number[] } = {}): Terminal {
  const { seeds = [1, 2], ...stream } = options;
  const write = (text: string) => (written += text);
  return new Terminal(
    { write, ...stream },
    (line) => kept.push(line),
    seeds,
    () => time,
  );
}

/** What stands on a screen: `\r` goes back to the left, the erase sequence clears the rest of the line. */
function screen(): string[] {
  const lines = [''];
  let column = 0;
  written.split('\x1b[K').forEach((text, erased) => {
    if (erased > 0) lines.push(lines.pop()!.slice(0, column));
    for (const character of text) {
      if (character === '\r') column = 0;
      else if (character === '\n') {
        lines.push('');
        column = 0;
      } else {
        const line = lines.pop()!;
        lines.push(line.slice(0, column) + character + line.slice(column + 1));
        column++;
      }
    }
  });
  return lines;
}

const stage = (changes: Partial<Extract<RunEventBody, { type: 'stage' }>> = {}): RunEventBody => ({
  type: 'stage',
  stage: 'student/2/distill',
  role: 'student',
  seed: 2,
  name: 'distill',
  state: 'started',
  hash: 'ab',
  epochs: 4,
  stepsPerEpoch: 5,
  ...changes,
});
const progress = (
  step: number,
  changes: Partial<Extract<RunEventBody, { type: 'progress' }>> = {},
): RunEventBody => ({
  type: 'progress',
  stage: 'student/2/distill',
  role: 'student',
  seed: 2,
  epoch: 2,
  epochs: 4,
  step,
  steps: 20,
  samplesPerSecond: 12_345.6,
  etaSeconds: 65,
  runEtaSeconds: 3725,
  fraction: 0.5,
  ...changes,
});

describe('on a terminal', () => {
  const drawing = 'student, seed 2 ██████░░░░░░ epoch 2/4  12,346 samples/s  1:05 left (run 1:02:05)';

  it('one line is redrawn', () => {
    const shown = terminal({ isTTY: true, columns: 200 });
    shown.show(stage());
    expect(screen()).toEqual(['']);
    shown.show(progress(1, { samplesPerSecond: 1_234_567 }));
    shown.show(progress(10));
    expect(screen()).toEqual([drawing]);
    shown.show(progress(20));
    expect(screen()).toEqual([drawing.replaceAll('░', '█')]);
  });

  it('other lines stand above it, and nothing of it stays', () => {
    const shown = terminal({ isTTY: true, columns: 200 });
    shown.show(stage());
    shown.show(progress(10));
    shown.show({ type: 'log', level: 'info', message: 'Hello' });
    expect(screen()).toEqual(['Hello', '']);
    shown.show(progress(10));
    expect(screen()).toEqual(['Hello', drawing]);
    shown.show(stage({ state: 'finished', seconds: 12.34 }));
    expect(screen()).toEqual(['Hello', 'student, seed 2: done in 12.3 s', '']);
    shown.clear();
    expect(screen()).toEqual(['Hello', 'student, seed 2: done in 12.3 s', '']);
  });

  it('it is cleared at the end, once', () => {
    const shown = terminal({ isTTY: true });
    shown.show(stage());
    shown.show(progress(10));
    shown.clear();
    expect(screen()).toEqual(['']);
    const before = written;
    shown.clear();
    expect(written).toBe(before);
  });

  it.each([40, 80, undefined])('it never wraps, with %s columns', (columns) => {
    const shown = terminal({ isTTY: true, ...(columns !== undefined && { columns }) });
    shown.show(stage({ name: 'a stage with a name that is very long indeed' }));
    shown.show(progress(10));
    expect(screen()).toHaveLength(1);
    expect(screen()[0]).toHaveLength((columns ?? 80) - 1);
  });

  it('it is not kept in the log', () => {
    const shown = terminal({ isTTY: true });
    shown.show(stage());
    shown.show(progress(10));
    shown.line('Kept');
    expect(kept).toEqual(['Kept']);
  });
});

describe('elsewhere', () => {
  it('there are plain lines, for progress one every ten seconds at most', () => {
    const shown = terminal();
    shown.show(stage());
    for (time = 200; time <= 25_000; time += 200) shown.show(progress(10));
    const line = 'student, seed 2: epoch 2/4, 12,346 samples/s, 1:05 left (run 1:02:05)';
    expect(screen()).toEqual(['student, seed 2: 4 epochs of 5 steps', line, line, '']);
    for (const control of ['\r', '\x1b']) expect(written).not.toContain(control);
    expect(kept).toEqual(screen().slice(0, -1));
    shown.show(stage({ stage: 'scratch/2/distill', role: 'scratch' }));
    time += 9_999;
    shown.show(progress(10));
    expect(kept.at(-1)).toBe('scratch, seed 2: 4 epochs of 5 steps');
    time += 1;
    shown.show(progress(10));
    expect(kept.at(-1)).toMatch(/^scratch, seed 2: epoch/);
  });
});

describe('lines', () => {
  it.each<[RunEventBody, string]>([
    [stage({ state: 'reused', role: 'teacher', name: 'train' }), 'teacher: trained before, used again'],
    [stage({ state: 'finished', role: 'teacher', name: 'train', seconds: 3 }), 'teacher: done in 3.0 s'],
    [
      stage({ state: 'finished', name: 'soften', seconds: 61.25 }),
      'student (soften), seed 2: done in 61.3 s',
    ],
    [{ type: 'log', level: 'info', message: 'Hello' }, 'Hello'],
    [{ type: 'log', level: 'warning', message: 'Mind the gap' }, 'warning: Mind the gap'],
    [{ type: 'problem', severity: 'error', code: 'a.b', message: 'It broke.' }, 'error: It broke.'],
  ])('%j', (event, line) => {
    terminal().show(event);
    expect(screen()).toEqual([line, '']);
    expect(kept).toEqual([line]);
  });

  it.each<[Partial<Extract<RunEventBody, { type: 'cache' }>>, string]>([
    [{ state: 'used', hits: 55_000, misses: 0 }, 'teacher outputs: 55,000 rows from the cache, 2.2 MB'],
    [
      { state: 'filled', hits: 0, misses: 55_000 },
      'teacher outputs: 55,000 rows kept for the next run, 2.2 MB',
    ],
    [
      { state: 'partly', hits: 30_000, misses: 25_000 },
      'teacher outputs: 30,000 of 55,000 rows from the cache, 2.2 MB',
    ],
    [
      { state: 'used', rows: 138, hits: 138, misses: 0, bytes: 2_200 },
      'teacher outputs: 138 rows from the cache, 2.2 kB',
    ],
  ])('tell what was read of the outputs of the teacher: %j', (use, line) => {
    const told = { state: 'used', rows: 55_000, hits: 0, misses: 0, hitRate: 0 } as const;
    terminal().show({ type: 'cache', ...told, bytes: 2_200_000, dtype: 'float32', ...use });
    expect(kept).toEqual([line]);
  });

  it('name the seed only where there are several', () => {
    const shown = terminal({ seeds: [2] });
    shown.show(stage());
    expect(kept).toEqual(['student: 4 epochs of 5 steps']);
  });

  it('are not written for what the dashboard alone shows', () => {
    terminal().show({ type: 'metrics', points: [] });
    terminal().show({ type: 'run', state: 'running' });
    expect(written).toBe('');
  });
});

it.each([
  [0, '0:00'],
  [0.4, '0:00'],
  [9.5, '0:10'],
  [59.7, '1:00'],
  [65, '1:05'],
  [3599, '59:59'],
  [3599.6, '1:00:00'],
  [7200, '2:00:00'],
  [36_061, '10:01:01'],
  [-3, '0:00'],
])('%s seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
