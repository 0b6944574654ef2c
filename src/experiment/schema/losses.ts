import * as z from 'zod';
import { documented, exactlyOneOf } from './documented';
import { scheduled } from './scheduled';

/** The share of the target that goes to all classes alike; also a key of the teacher's training. */
export const labelSmoothing = scheduled(z.number().min(0).lt(1), { from: 0.1, to: 0, how: 'linear' });

/** The criteria of version 1. The trainer has one file for each under `src/trainer/criteria`. */
export const criterionSchemas = {
  kd: documented(
    z.strictObject({
      temperature: documented(
        scheduled(z.number().positive().max(1000), { from: 20, to: 4, how: 'cosine' }),
        {
          summary: 'Softens both distributions: logits are divided by it before the softmax.',
          effect:
            '**Higher** spreads the teacher’s probability over the wrong classes, so more of what it knows about their likeness is seen. **Lower** looks at the right class only; 1 uses the probabilities as they are. Hinton et al. found anything above 8 alike for wide students and 2.5–4 best for very narrow ones. A map such as `{from: 20, to: 4, how: cosine}` changes it during the stage.',
          formula: 'p_c(T) = exp(z_c / T) / Σ_j exp(z_j / T)',
          citation: 'Hinton, Vinyals & Dean 2015, arXiv:1503.02531, eq. 1',
          example: '4',
        },
      ).default(4),
    }),
    {
      summary: 'Knowledge distillation: the student learns the teacher’s softened probabilities.',
      effect:
        'Sums over classes, takes the mean over the batch, and multiplies by T², so that its gradient keeps its size when the temperature changes.',
      formula: 'L = T² · mean_batch Σ_c p_c^teacher(T) · [ log p_c^teacher(T) − log p_c^student(T) ]',
      citation: 'Hinton, Vinyals & Dean 2015, arXiv:1503.02531, eq. 1–4',
      example: '{temperature: 4}',
    },
  ),
  ce: documented(
    z.strictObject({
      label_smoothing: documented(labelSmoothing, {
        summary: 'The share ε of the target that is spread evenly over all classes.',
        effect: '0 uses the labels as they are. Larger values make the student less certain.',
        formula: 'target = (1 − ε) · onehot(y) + ε / C',
        citation: 'Szegedy et al. 2016, arXiv:1512.00567',
        example: '0.1',
      }).default(0),
    }),
    {
      summary: 'Cross-entropy with the true labels.',
      formula: 'L = − mean_batch Σ_c target_c · log p_c^student(1)',
      example: '{}',
    },
  ),
  logit_mse: documented(
    z.strictObject({
      reduction: documented(z.enum(['mean', 'class_sum', 'sum']), {
        summary: 'How the squared differences of logits become one number.',
        effect: [
          '- `mean` over batch and classes (default): the weight means the same for every batch size and class count',
          '- `class_sum`: sum over classes, mean over the batch; divided by 2C it is what `kd` tends to for T → ∞ when logits are centred',
          '- `sum` over batch and classes, as in many blog posts: **the weight then grows with the batch**; 0.1 at batch 64 and 10 classes is 64 on `mean`',
        ].join('\n'),
        example: 'mean',
      }).default('mean'),
    }),
    {
      summary: 'Mean squared error between the student’s and the teacher’s logits.',
      formula: 'L = mean_batch,c (z_c^student − z_c^teacher)²',
      citation: 'Ba & Caruana 2014, arXiv:1312.6184, eq. 1',
      example: '{reduction: mean}',
    },
  ),
} as const;

export type CriterionName = keyof typeof criterionSchemas;
export const criterionNames = Object.keys(criterionSchemas) as CriterionName[];

/** Criteria that compare the student with the teacher; the others look at labels alone. */
export const criteriaThatUseTheTeacher: ReadonlySet<CriterionName> = new Set(['kd', 'logit_mse']);

export const lossSchema = documented(
  exactlyOneOf('loss', criterionSchemas, {
    weight: documented(scheduled(z.number().min(0), { from: 0.9, to: 0.5, how: 'linear' }), {
      summary: 'What the term is multiplied by before the terms are added.',
      effect:
        'Weights need not add up to 1. A term of weight 0 is computed and shown, but does not train. A map such as `{from: 0.9, to: 0.5}` changes it during the stage.',
      example: '0.9',
    }).default(1),
  }),
  { summary: 'One term of the loss: a criterion and its weight.', example: 'kd: {temperature: 4}' },
);

export type LossInput = z.infer<typeof lossSchema>;
