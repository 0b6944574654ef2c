import * as z from 'zod';
import { documented, exactlyOneOf } from './documented';

const width = z.int().min(1).max(100_000);
const dropoutRate = z.number().min(0).lt(1);

export const activationSchema = documented(
  z.enum(['relu', 'leaky_relu', 'elu', 'gelu', 'tanh', 'sigmoid', 'linear']),
  {
    summary: 'The nonlinearity after a layer.',
    effect:
      '`relu` is the default. `linear` applies none, which is what a batch normalisation wants before it. The slope of `leaky_relu` for negative numbers is 0.01.',
  },
);

const paddingSchema = documented(z.enum(['same', 'valid']), {
  summary: 'Whether the image is padded so that its size stays (`same`) or not (`valid`).',
});

const kernelSchema = documented(z.int().min(1).max(31), {
  summary: 'Side of the square kernel.',
  unit: 'pixels',
}).default(3);

const strideSchema = documented(z.int().min(1).max(16), {
  summary: 'Step of the kernel.',
  unit: 'pixels',
}).default(1);

const poolSchema = z.strictObject({
  size: documented(z.int().min(1).max(64), {
    summary: 'Side of the pooling window.',
    unit: 'pixels',
  }).default(2),
  stride: documented(z.int().min(1).max(64), {
    summary: 'Step of the window; the size of the window unless given.',
    unit: 'pixels',
  }).optional(),
});

/** One explicit layer: `conv: {filters: 32}`. Its key is the kind of layer. */
export const layerSchema = documented(
  exactlyOneOf(
    'layer',
    {
      dense: documented(
        z.strictObject({
          units: documented(width, { summary: 'Outputs of the layer.', example: '128' }),
          activation: activationSchema.default('relu'),
        }),
        {
          summary: 'A fully connected layer. An image that reaches it is flattened first.',
          example: '{units: 128}',
        },
      ),
      conv: documented(
        z.strictObject({
          filters: documented(width, { summary: 'Output channels.', example: '32' }),
          kernel: kernelSchema,
          stride: strideSchema,
          padding: paddingSchema.default('same'),
          activation: activationSchema.default('relu'),
        }),
        { summary: 'A two-dimensional convolution with a bias.', example: '{filters: 32}' },
      ),
      depthwise_conv: documented(
        z.strictObject({
          kernel: kernelSchema,
          stride: strideSchema,
          padding: paddingSchema.default('same'),
          activation: activationSchema.default('relu'),
        }),
        {
          summary: 'A convolution with one kernel for each channel and a bias; the number of channels stays.',
          effect:
            'Followed by `conv: {filters: …, kernel: 1}`, which mixes the channels, it does the work of a whole convolution with far fewer multiplications. It is what MobileNet consists of.',
          citation: 'Howard et al. 2017, arXiv:1704.04861, §3.1',
          example: '{}',
        },
      ),
      norm: documented(
        z.strictObject({
          momentum: documented(z.number().min(0).lt(1), {
            summary: 'How much of the running mean and variance is kept at every step.',
            effect:
              'The running values are what counts after training. A value near 1 needs many steps before they are right: 0.99 is far off after 200 steps, 0.9 is not.',
          }).default(0.9),
          epsilon: documented(z.number().positive(), {
            summary: 'Added to the variance before the root.',
          }).default(1e-3),
        }),
        {
          summary: 'Batch normalisation over the last axis, with scale and offset.',
          formula: 'y = γ · (x − μ) / √(σ² + ε) + β',
          citation: 'Ioffe & Szegedy 2015, arXiv:1502.03167',
          example: '{}',
        },
      ),
      max_pool: documented(poolSchema, {
        summary: 'The largest value of every window.',
        example: '{size: 2}',
      }),
      avg_pool: documented(poolSchema, {
        summary: 'The mean of every window (windows that would cross the border are left out).',
        example: '{size: 2}',
      }),
      global_pool: documented(z.strictObject({}), {
        summary: 'The mean of every channel over the whole image.',
        example: '{}',
      }),
      flatten: documented(z.strictObject({}), {
        summary: 'Turns an image into one row of numbers.',
        example: '{}',
      }),
      dropout: documented(dropoutRate, {
        summary:
          'Sets this share of the inputs to zero while training, and scales the rest up by 1 / (1 − rate).',
        citation: 'Srivastava et al. 2014, JMLR 15',
        example: '0.5',
      }),
      activation: activationSchema,
    },
    {},
  ),
  { summary: 'One layer; its key is the kind of layer.' },
);

export const modelSchema = documented(
  exactlyOneOf(
    'model',
    {
      mlp: documented(z.array(width).max(64), {
        summary: 'A multilayer perceptron: the widths of its hidden layers, from input to output.',
        effect: 'The layer of logits, one a class, is added for you. An empty list is a linear classifier.',
        example: '[100, 100]',
      }),
      cnn: documented(z.array(z.string()).min(1).max(256), {
        summary: 'A convolutional network as a list of short layer descriptions.',
        effect: [
          '- `conv 32` — 32 filters, 3×3, padded, ReLU; options in any order: `5x5` kernel, `/2` stride, `valid`, `norm` (batch normalisation before the nonlinearity), an activation name',
          '- `depthwise` — one 3×3 kernel for each channel, with the same options; `conv 64 1x1` after it mixes the channels',
          '- `pool 2`, `avgpool 2`, `global pool`',
          '- `dense 128`, `dropout 0.5`, `norm`, `flatten`, or an activation name',
          '',
          'The layer of logits, one a class, is added for you.',
        ].join('\n'),
        example: '[conv 16, pool 2, conv 32, pool 2, dense 64]',
      }),
      layers: documented(z.array(layerSchema).min(1).max(256), {
        summary: 'The layers one by one, each with all its options.',
        effect: 'The layer of logits, one a class, is added for you.',
      }),
    },
    {
      dropout: documented(z.union([dropoutRate, z.tuple([dropoutRate, dropoutRate])]), {
        summary: 'Dropout of an `mlp`: one rate for its hidden layers, or `[input, hidden]`.',
        effect:
          'Hinton et al. use `[0.2, 0.5]` for the MNIST teacher. Larger rates regularise more and learn more slowly.',
        citation: 'Srivastava et al. 2014, JMLR 15',
        example: '[0.2, 0.5]',
      }).optional(),
      activation: documented(activationSchema, {
        summary:
          'The nonlinearity of the hidden layers of an `mlp`, or the one that the `cnn` notation starts from.',
      }).optional(),
    },
  ),
  { summary: 'The architecture: `mlp`, `cnn` or `layers`.', example: '{mlp: [100, 100]}' },
);

export type ModelInput = z.infer<typeof modelSchema>;
export type LayerInput = z.infer<typeof layerSchema>;
export type Activation = z.infer<typeof activationSchema>;
