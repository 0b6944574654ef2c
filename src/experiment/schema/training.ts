import * as z from 'zod';
import { documented, exactlyOneOf } from './documented';
import { scheduled } from './scheduled';

const rate = (value: number) =>
  documented(
    scheduled(z.number().positive(), { from: value, to: value / 10, how: 'cosine' }, z.number().min(0)),
    {
      summary: 'The learning rate before the schedule changes it.',
      effect:
        'Too high diverges or jumps about; too low learns slowly. A map such as `{from: 0.01, to: 0.001, how: exponential}` changes it between values of your own; then leave `schedule` out.',
      example: String(value),
    },
  ).default(value);
const weightDecay = (value: number, decoupled: boolean) =>
  documented(z.number().min(0), {
    summary: decoupled
      ? 'Shrinks the weights at every step, apart from the gradient. Biases and normalisation layers are left out.'
      : 'Adds this multiple of the weights to their gradient (L2). Biases and normalisation layers are left out.',
  }).default(value);
const beta = (what: string, value: number) =>
  documented(z.number().min(0).lt(1), { summary: `Decay of the running mean of the ${what}.` }).default(
    value,
  );
const epsilon = documented(z.number().positive(), { summary: 'Added to the denominator.' }).default(1e-8);
const momentum = documented(z.number().min(0).lt(1), {
  summary: 'How much of the last step is kept.',
}).default(0);

export const optimizerSchema = documented(
  exactlyOneOf(
    'optimizer',
    {
      sgd: documented(
        z.strictObject({
          rate: rate(0.01),
          momentum,
          nesterov: documented(z.boolean(), {
            summary: 'Looks ahead along the momentum (Nesterov). Needs a momentum above 0.',
          }).default(false),
          weight_decay: weightDecay(0, false),
        }),
        {
          summary: 'Stochastic gradient descent, with momentum when asked.',
          formula: 'v ← m · v + g;  w ← w − rate · v  (Nesterov: w ← w − rate · (g + m · v))',
          citation: 'Sutskever et al. 2013, ICML',
          example: '{rate: 0.1, momentum: 0.9}',
        },
      ),
      adam: documented(
        z.strictObject({
          rate: rate(0.001),
          beta1: beta('gradient', 0.9),
          beta2: beta('squared gradient', 0.999),
          epsilon,
          weight_decay: weightDecay(0, false),
        }),
        {
          summary: 'Adam.',
          formula: 'w ← w − rate · m̂ / (√v̂ + ε)',
          citation: 'Kingma & Ba 2015, arXiv:1412.6980',
          example: '{rate: 0.001}',
        },
      ),
      adamw: documented(
        z.strictObject({
          rate: rate(0.001),
          beta1: beta('gradient', 0.9),
          beta2: beta('squared gradient', 0.999),
          epsilon,
          weight_decay: weightDecay(0.01, true),
        }),
        {
          summary: 'Adam with decoupled weight decay.',
          formula: 'w ← w · (1 − rate · λ) − rate · m̂ / (√v̂ + ε)',
          citation: 'Loshchilov & Hutter 2019, arXiv:1711.05101',
          example: '{rate: 0.001, weight_decay: 0.01}',
        },
      ),
      rmsprop: documented(
        z.strictObject({
          rate: rate(0.001),
          decay: documented(z.number().min(0).lt(1), {
            summary: 'Decay of the running mean of the squared gradient.',
          }).default(0.99),
          momentum,
          epsilon,
          weight_decay: weightDecay(0, false),
        }),
        {
          summary: 'RMSprop.',
          formula: 's ← d · s + (1 − d) · g²;  w ← w − rate · g / (√s + ε)',
          citation: 'Tieleman & Hinton 2012, lecture 6.5',
          example: '{rate: 0.001}',
        },
      ),
    },
    {},
  ),
  { summary: 'How the weights follow the gradient.', example: '{adam: {rate: 0.001}}' },
);

const warmup = documented(z.number().min(0), {
  summary:
    'The rate rises in a straight line from 0 to its full value over so many epochs, before the schedule begins.',
  unit: 'epochs',
}).default(0);
const to = documented(z.number().min(0).max(1), {
  summary: 'The share of the learning rate that is left at the end.',
}).default(0);

export const scheduleSchema = documented(
  z.union([
    documented(z.enum(['constant', 'linear', 'cosine']), { summary: 'A schedule with its defaults.' }),
    exactlyOneOf(
      'schedule',
      {
        constant: documented(z.strictObject({ warmup }), {
          summary: 'The same rate all the way.',
          example: '{warmup: 1}',
        }),
        linear: documented(z.strictObject({ to, warmup }), {
          summary: 'Falls in a straight line to the end.',
          example: '{to: 0}',
        }),
        cosine: documented(z.strictObject({ to, warmup }), {
          summary: 'Falls along half a cosine: slowly, then fast, then slowly.',
          formula: 'rate · (to + (1 − to) · (1 + cos πt) / 2)',
          citation: 'Loshchilov & Hutter 2017, arXiv:1608.03983',
          example: '{to: 0}',
        }),
        step: documented(
          z.strictObject({
            every: documented(z.number().positive(), {
              summary: 'How often the rate drops.',
              unit: 'epochs',
              example: '5',
            }),
            factor: documented(z.number().positive().max(1), {
              summary: 'What the rate is multiplied by at every drop.',
            }).default(0.1),
            warmup,
          }),
          { summary: 'Drops every so many epochs.', example: '{every: 5, factor: 0.1}' },
        ),
      },
      {},
    ),
  ]),
  {
    summary: 'How the learning rate changes during the stage.',
    effect:
      '`constant`, `linear` or `cosine`, or a map with options such as `{cosine: {warmup: 1}}`. It is set at every step, not only at every epoch.',
    example: 'linear',
  },
);

/** Keys that a teacher's training and a stage of distillation share. */
export const trainingKeys = {
  epochs: documented(z.int().min(1).max(100_000), {
    summary: 'How often the training samples are seen.',
    unit: 'passes over the data',
    example: '10',
  }),
  batch: documented(z.int().min(1).max(65_536), {
    summary: 'Samples in one step.',
    effect:
      'Every step has the same number; what does not fill the last batch of an epoch waits for the next shuffle.',
    unit: 'samples',
    example: '128',
  }).default(128),
  accumulate: documented(z.int().min(1).max(65_536), {
    summary: 'The gradients of so many batches are averaged before one step is made.',
    effect:
      'It trains as with batches of `batch × accumulate` samples, with the memory of one. Only batch normalisation and dropout notice: they see single batches. Steps, schedules and curves count steps of the optimiser.',
    unit: 'batches',
    example: '4',
  }).default(1),
  optimizer: optimizerSchema.prefault({ adam: {} }),
  schedule: scheduleSchema.default('constant'),
  clip_norm: documented(z.number().positive(), {
    summary: 'Scales all gradients down together when their common norm is larger than this.',
    citation: 'Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063',
    example: '1.0',
  }).optional(),
  augment: documented(
    z.strictObject({
      shift: documented(z.int().min(0).max(64), {
        summary: 'Moves every image by up to so many pixels in x and in y, each time anew.',
        effect:
          'Teacher and student see the same moved image. The teacher is asked about each of them in the first run; later runs that move them alike read what it said.',
        unit: 'pixels',
        example: '2',
      }).default(0),
    }),
    { summary: 'Random changes of the training images.', example: '{shift: 2}' },
  ).prefault({}),
  ema: documented(
    z.strictObject({
      decay: documented(z.number().positive().lt(1), {
        summary: 'How much of the average stays at every step.',
        effect:
          '0.999 averages over about the last 1,000 steps. **Higher** averages over more, which is smoother and later; **lower** stays near the newest weights. At the start it rises as (1 + t) / (10 + t) with the step t, so that the random first weights are soon forgotten.',
        formula: 'd = min(decay, (1 + t) / (10 + t))',
        example: '0.999',
      }).default(0.999),
    }),
    {
      summary: 'Keeps an exponential moving average of the weights.',
      effect:
        'Validation, the best weights and the final model use the averaged weights; training itself goes on with its own. Running means of batch normalisation are averaged, too.',
      formula: 'a ← d · a + (1 − d) · w',
      citation: 'Polyak & Juditsky 1992, SIAM J. Control Optim. 30:838',
      example: '{decay: 0.999}',
    },
  ).optional(),
  early_stop: documented(
    z.strictObject({
      patience: documented(z.int().min(1).max(100_000), {
        summary: 'Training ends after so many epochs in a row without an improvement.',
        unit: 'epochs',
        example: '5',
      }).default(5),
      metric: documented(
        z.union([
          documented(z.literal('errors'), { summary: 'Validation samples that are classified wrongly.' }),
          documented(z.literal('loss'), {
            summary: 'Cross-entropy on the validation samples: finer than errors, and sooner to rise.',
          }),
        ]),
        { summary: 'What must become lower on the validation samples.', example: 'errors' },
      ).default('errors'),
      min_delta: documented(z.number().min(0), {
        summary: 'By more than so much must the metric become lower to count as an improvement.',
        example: '0.001',
      }).default(0),
    }),
    {
      summary: 'Ends training when the validation samples say that it no longer helps.',
      effect:
        'The weights of the best epoch are restored, so `keep` is `best`. `epochs` remains the most that are trained, and schedules are laid out over all of them.',
      citation: 'Prechelt 1998, Early stopping — but when?',
      example: '{patience: 3}',
    },
  ).optional(),
  keep: documented(z.enum(['last', 'best']), {
    summary: 'Which epoch’s weights are kept: the `last`, or the `best` on the validation images.',
    effect:
      'Test images are never used to choose. With `early_stop` it is always `best`, by the metric there.',
  }).default('last'),
};

export type OptimizerInput = z.infer<typeof optimizerSchema>;
export type ScheduleInput = z.infer<typeof scheduleSchema>;
