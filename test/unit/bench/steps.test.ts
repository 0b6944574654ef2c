import { expect, it } from 'vitest';
import { table } from '../../../bench/markdown';
import { median } from '../../../bench/statistics';
import { ratio, type Measurement, type StepsResult } from '../../../bench/steps';

it('takes ratios within rounds, so that a slow moment of the machine meets both sides', () => {
  const measured = (contender: Measurement['contender'], ofRounds: number[]): Measurement => ({
    case: 'mlp',
    mode: 'live',
    contender,
    milliseconds: 0,
    steps: 3,
    ofRounds,
  });
  const result: StepsResult = {
    versions: {},
    rounds: 3,
    parameters: {},
    // In the second round everything took ten times as long.
    measurements: [measured('wasm', [8, 90, 10]), measured('torch-1', [4, 30, 5])],
  };
  expect(ratio(result, 'mlp', ['wasm', 'live'], ['torch-1', 'live'])).toBe(2);
  expect(ratio(result, 'mlp', ['wasm', 'live'], ['native', 'live'])).toBeUndefined();
});

it('finds the middle of odd and even numbers of values, whatever their order', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

it('writes tables as prettier would', () => {
  expect(table(['', 'a longer title'], [['mlp', '1.00']])).toBe(
    ['|     | a longer title |', '| --- | -------------: |', '| mlp |           1.00 |'].join('\n'),
  );
});
