import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResolvedEarlyStop } from '../../../src/experiment/resolved';
import { EarlyStopping } from '../../../src/trainer/training/earlyStopping';

const spec = (changes: Partial<ResolvedEarlyStop> = {}): ResolvedEarlyStop => ({
  patience: 2,
  metric: 'errors',
  minDelta: 0,
  ...changes,
});

/** What it says after each epoch, up to and with the one that stops. */
function decisions(stopping: EarlyStopping, values: readonly number[], firstEpoch = 1): string[] {
  const said: string[] = [];
  for (const [i, value] of values.entries()) {
    said.push(stopping.see(firstEpoch + i, { errors: value, loss: -value }));
    if (said.at(-1) === 'stop') break;
  }
  return said;
}

describe('early stopping', () => {
  it.each<[string, Partial<ResolvedEarlyStop>, number[], string[]]>([
    ['goes on as long as it helps', {}, [9, 8, 7, 6], ['improved', 'improved', 'improved', 'improved']],
    ['ends after two epochs without a gain', {}, [9, 8, 8, 9, 1], ['improved', 'improved', 'worse', 'stop']],
    ['counts from the best epoch', {}, [9, 10, 8, 9, 9], ['improved', 'worse', 'improved', 'worse', 'stop']],
    ['ends at once with a patience of 1', { patience: 1 }, [5, 5], ['improved', 'stop']],
    [
      'takes small steps together',
      { minDelta: 1 },
      [9, 8.5, 8, 7.5, 7, 6.75],
      ['improved', 'worse', 'stop'], // 8 is lower by 1, not by more than 1
    ],
    [
      'takes small steps together as soon as they are more than the least',
      { minDelta: 0.75, patience: 3 },
      [9, 8.5, 8, 7.5, 7, 6.5],
      ['improved', 'worse', 'improved', 'worse', 'improved', 'worse'],
    ],
    ['watches the loss', { metric: 'loss' }, [1, 2, 1, 1], ['improved', 'improved', 'worse', 'stop']],
    ['is not led on by what is not a number', {}, [3, NaN, NaN], ['improved', 'worse', 'stop']],
    [
      'does not take it for the best either',
      {},
      [NaN, 3, 4, Infinity],
      ['worse', 'improved', 'worse', 'stop'],
    ],
    ['ends when nothing was ever a number', {}, [NaN, -Infinity], ['worse', 'stop']],
  ])('%s', (_name, changes, values, expected) => {
    expect(decisions(new EarlyStopping(spec(changes)), values)).toEqual(expected);
  });

  it('says nothing of an epoch before the first', () => {
    expect(new EarlyStopping(spec()).state()).toEqual({ bestEpoch: null, best: null });
  });

  it('remembers the best epoch', () => {
    const stopping = new EarlyStopping(spec());
    decisions(stopping, [9, 4, 6]);
    expect(stopping.state()).toEqual({ bestEpoch: 2, best: 4 });
  });

  it('decides the same after a restore from JSON at any epoch', () => {
    const metrics = fc.array(
      fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 9 }) }, fc.constant(NaN)),
      { minLength: 1, maxLength: 12 },
    );
    const specs = fc.record({
      patience: fc.integer({ min: 1, max: 4 }),
      metric: fc.constantFrom('errors' as const, 'loss' as const),
      minDelta: fc.constantFrom(0, 1, 2),
    });
    fc.assert(
      fc.property(specs, metrics, fc.nat({ max: 12 }), (wanted, values, cut) => {
        const whole = decisions(new EarlyStopping(wanted), values);
        const at = cut % whole.length;
        const first = new EarlyStopping(wanted);
        const before = decisions(first, values.slice(0, at));
        const second = new EarlyStopping(wanted);
        second.restore(JSON.parse(JSON.stringify(first.state())) as ReturnType<EarlyStopping['state']>);
        expect([...before, ...decisions(second, values.slice(at), at + 1)]).toEqual(whole);
      }),
    );
  });
});
