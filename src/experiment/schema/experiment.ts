import * as z from 'zod';
import { documented } from './documented';
import { labelSmoothing, lossSchema } from './losses';
import { modelSchema } from './models';
import { trainingKeys } from './training';

const dataSchema = documented(
  z.strictObject({
    source: documented(
      z.union([
        documented(z.literal('mnist'), {
          summary: '70,000 handwritten digits, 28×28: 60,000 to train on, 10,000 to test.',
        }),
        z.strictObject({
          idx: documented(z.string().min(1), {
            summary: 'A folder with IDX files, plain or gzipped, such as Fashion-MNIST.',
            effect:
              'It holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, with or without `.gz`. A relative path starts at the experiment file.',
            example: './data',
          }),
        }),
      ]),
      { summary: 'Where the samples come from: `mnist`, or `{idx: folder}`.', example: 'mnist' },
    ),
    validation: documented(z.int().min(1), {
      summary:
        'So many training samples are held out. All selection happens on them, never on the test data.',
      unit: 'samples',
      example: '5000',
    }).default(5000),
    transfer: documented(z.union([z.literal('all'), z.int().min(1)]), {
      summary: 'Only so many training samples reach the student. The teacher sees all of them.',
      effect:
        'Fewer samples make the teacher’s help larger. They are drawn evenly from the classes, anew for each seed; the student and its comparison get the same ones.',
      unit: 'samples',
      example: '1000',
    }).default('all'),
    exclude: documented(z.array(z.int().min(0)).max(1000), {
      summary:
        'Classes that the student never sees: they are missing from the transfer set, not from validation or test.',
      citation: 'Hinton, Vinyals & Dean 2015, arXiv:1503.02531, §3',
      example: '[3]',
    }).default([]),
  }),
  { summary: 'The samples and how they are divided.', example: '{source: mnist}' },
);

const teacherSchema = documented(
  z.strictObject({
    model: modelSchema,
    train: documented(
      z.strictObject({
        ...trainingKeys,
        label_smoothing: documented(labelSmoothing, {
          summary: 'Label smoothing of the teacher’s own training.',
          effect: 'A smoothed teacher is often more accurate and teaches worse (Müller et al. 2019).',
          citation: 'Müller, Kornblith & Hinton 2019, arXiv:1906.02629',
        }).default(0),
      }),
      {
        summary: 'How the teacher is trained, on the labels, before the student starts.',
        effect: 'A teacher that was trained before with the same file, data and seed is used again.',
        example: '{epochs: 4}',
      },
    ),
    require: documented(z.string().min(1), {
      summary:
        'What the teacher must reach on the validation samples, such as `errors <= 130` or `accuracy >= 0.97`.',
      effect: 'If it does not, the run stops before time is spent on students.',
      example: 'accuracy >= 0.97',
    }).optional(),
    cache: documented(
      z.union([
        documented(z.literal('float32'), { summary: 'As they are, 4 bytes a number.' }),
        documented(z.literal('float16'), {
          summary:
            'Rounded to 11 significant bits (about three decimal digits), 2 bytes a number, for large data sets.',
        }),
        documented(z.literal('off'), { summary: 'Nothing is kept on disk.' }),
      ]),
      {
        summary: 'How the teacher’s outputs, which students learn from, are kept on disk.',
        effect:
          'Later runs with the same teacher and samples read them instead of asking the teacher again; where images are moved, runs with the same seed, batches and epochs. Students always learn from the numbers as they are kept, also in the first run, so that every run ends alike.',
        example: 'float32',
      },
    ).default('float32'),
  }),
  { summary: 'The large model that teaches.' },
);

const stageKeys = {
  ...trainingKeys,
  losses: documented(z.array(lossSchema).min(1).max(32), {
    summary: 'The terms of the student’s loss. They are multiplied by their weights and added.',
  }),
};

const stageSchema = documented(
  z.strictObject({
    name: documented(z.string().min(1).max(64), {
      summary: 'The name of the stage, shown in the dashboard.',
      example: 'soften',
    }),
    ...stageKeys,
  }),
  { summary: 'One stage of distillation; it starts from the weights that the stage before it ended with.' },
);

export const experimentSchema = documented(
  z.strictObject({
    version: documented(z.literal(1), { summary: 'The version of the experiment language.', example: '1' }),
    name: documented(z.string().min(1).max(200), {
      summary: 'What people call the experiment.',
      example: 'My experiment',
    }).optional(),
    cite: documented(z.string().max(500), {
      summary: 'The paper that the experiment follows.',
      example: 'arXiv:1503.02531',
    }).optional(),
    seeds: documented(
      z
        .array(
          z
            .int()
            .min(0)
            .max(2 ** 31 - 1),
        )
        .min(1)
        .max(100),
      {
        summary: 'Every student is trained once for each seed; results are a mean with its spread.',
        effect:
          'The seed decides the first weights, the order of samples, dropout, augmentation and the transfer set. The teacher uses the first seed.',
        example: '[1, 2, 3]',
      },
    ).default([1]),
    data: dataSchema,
    teacher: teacherSchema,
    student: documented(z.strictObject({ model: modelSchema }), { summary: 'The small model that learns.' }),
    distill: documented(z.union([z.strictObject(stageKeys), z.array(stageSchema).min(1).max(32)]), {
      summary: 'How the student learns: one stage, or a list of named stages.',
    }),
    compare: documented(
      z.array(
        documented(z.enum(['scratch']), {
          summary:
            '`scratch`: the same student, samples, budget and seeds, trained on the labels without the teacher.',
        }),
      ),
      { summary: 'What the student is measured against.', example: '[scratch]' },
    ).default([]),
    expect: documented(z.array(z.string().min(1)).max(100), {
      summary:
        'What must hold at the end, such as `student.errors < 0.85 * scratch.errors`. It makes the file a test.',
      effect:
        'Roles: teacher, student, scratch. Numbers: errors, accuracy, agreement, kl, ece, parameters, bytes, multiply_adds, gap_closed. The mean over the seeds counts.',
      example: '[student.errors < scratch.errors]',
    }).default([]),
  }),
  { summary: 'A distillation experiment.' },
);

export type ExperimentInput = z.infer<typeof experimentSchema>;

/** What a teacher's training and a stage of distillation have in common. */
export type TrainingInput = Omit<ExperimentInput['teacher']['train'], 'label_smoothing'>;
