import * as z from 'zod';
import { documented } from './documented';

const how = documented(
  z.union([
    documented(z.literal('linear'), {
      summary: 'In a straight line.',
      formula: 'from · (1 − t) + to · t',
    }),
    documented(z.literal('cosine'), {
      summary: 'Along half a cosine: slowly, then fast, then slowly.',
      formula: 'to + (from − to) · (1 + cos πt) / 2',
      citation: 'Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5',
    }),
    documented(z.literal('exponential'), {
      summary: 'By the same factor at every step. Both ends must be above 0.',
      formula: 'from^(1 − t) · to^t',
    }),
  ]),
  { summary: 'The way from the first value to the last; t runs from 0 to 1.', example: 'cosine' },
);

/**
 * A number of the file that may also change while a stage is trained: `20` or `{from: 20, to: 4, how: cosine}`. It is
 * set anew at every step of the optimiser.
 *
 * @param example what completion and messages show
 * @param end what `from` and `to` may be, where that is more than the number may be
 */
export function scheduled(
  number: z.ZodNumber,
  example: { from: number; to: number; how: 'linear' | 'cosine' | 'exponential' },
  end: z.ZodNumber = number,
) {
  return z.union([
    number,
    documented(
      z.strictObject({
        from: documented(end, {
          summary: 'The value at the first step of the stage.',
          example: String(example.from),
        }),
        to: documented(end, {
          summary: 'The value at the last step of the stage, or of the epoch `until`.',
          example: String(example.to),
        }),
        how: how.default('linear'),
        until: documented(z.number().positive().max(100_000), {
          summary: 'The value reaches `to` with the last step of this epoch and stays there.',
          effect: 'Without it, `to` is reached with the last step of the stage.',
          unit: 'epochs',
          example: '5',
        }).optional(),
      }),
      {
        summary: 'A value that changes while the stage is trained.',
        example: `{from: ${example.from}, to: ${example.to}, how: ${example.how}}`,
      },
    ),
  ]);
}

export type ScheduledInput = z.infer<ReturnType<typeof scheduled>>;
