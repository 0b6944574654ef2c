import * as tf from '@tensorflow/tfjs-core';
import { planArchitecture } from '../../../../src/experiment/architecture';
import type { LayerSpec } from '../../../../src/experiment/resolved';
import { buildModel } from '../../../../src/trainer/models/buildModel';
import type { Model } from '../../../../src/trainer/models/model';
import { pattern } from '../../fixtures/pattern';
import { centralDifferences, dot } from '../float64';
import { sizeOf, type Array64 } from '../float64Arrays';
import { logitsOf, type BatchStatistics } from '../float64Network';
import { numbers, relativeDifference, type Difference } from './operation';

/** Layers that are trained between a batch of 3 small images and the logits of 3 classes. */
export interface Network {
  /** The layer that is checked and, after the first comma, its options. */
  name: string;
  layers: LayerSpec[];
}

const imageShape = [6, 5, 2] as const;
const batch = [3, ...imageShape];
const classes = 3;

/**
 * Logits in evaluation and in training, the gradients for the images and for every weight, and the running values of
 * normalisations after the step, on the engine that is active now, against double precision.
 */
export async function differenceOfNetwork({ layers }: Network): Promise<Difference> {
  const model = buildModel(layers, { inputShape: imageShape, classes, seed: 1, name: 'student' });
  try {
    const weights = await given(model);
    const images = numbers(batch, 7);
    const back = pattern(3 * classes, 3);
    const computed = await trained(model, images, back);
    const right = rightNumbers(layers, weights, images, back);
    const floor =
      0.01 *
      Math.max(...[...right].filter(([of]) => of.startsWith('the gradient')).map(([, v]) => largest(v)));
    return [...right]
      .map(([of, values]) => ({
        of,
        worst: relativeDifference(computed.get(of) ?? [], values, of.startsWith('the gradient') ? floor : 0),
      }))
      .reduce((a, b) => (b.worst > a.worst ? b : a));
  } finally {
    model.dispose();
  }
}

/** Gives the network irregular weights, and notes the masks of its dropouts. */
async function given(model: Model): Promise<Map<string, Array64>> {
  const weights = new Map<string, Array64>();
  let salt = 10;
  for (const [name, shape] of model.shapes()) {
    const scale = /kernel$/.test(name) ? 1.5 / Math.sqrt(sizeOf(shape.slice(0, -1))) : 0.5;
    const offset = /gamma$|variance$/.test(name) ? 1.2 : 0;
    weights.set(name, numbers(shape, salt++, { scale, offset }));
  }
  model.setWeights(
    new Map([...weights].map(([name, { values }]) => [name, Float32Array.from(values)] as const)),
  );
  for (const layer of model.model.layers) {
    if (!layer.name.startsWith('dropout')) continue;
    const shape = [3, ...(layer.outputShape as number[]).slice(1)];
    const mask = tf.tidy(() => layer.apply(tf.ones(shape), { training: true }) as tf.Tensor);
    weights.set(layer.name, { shape, values: [...(await mask.data())] });
    mask.dispose();
  }
  return weights;
}

async function trained(
  model: Model,
  images: Array64,
  back: readonly number[],
): Promise<Map<string, ArrayLike<number>>> {
  const variables = model.trainable.map(({ variable }) => variable);
  const outputs = tf.tidy(() => {
    const x = tf.tensor([...images.values], batch);
    const dy = tf.tensor2d([...back], [3, classes]);
    const evaluated = model.predict(x);
    let logits: tf.Tensor | undefined;
    const loss = (input: tf.Tensor): tf.Scalar => {
      // Both passes are the first step, so that both draw the same masks.
      model.step = 0;
      return tf.sum(tf.mul(model.forward(input), dy));
    };
    const ofImages = tf.grad(loss)(x);
    const { grads } = tf.variableGrads(() => {
      model.step = 0;
      logits = tf.keep(model.forward(x));
      return tf.sum(tf.mul(logits, dy));
    }, variables);
    return { evaluated, logits: logits!, ofImages, ...grads };
  });
  const entries = await Promise.all(
    Object.entries(outputs).map(async ([name, tensor]) => [name, await tensor.data()] as const),
  );
  tf.dispose(outputs);
  const { evaluated, logits, ofImages, ...grads } = Object.fromEntries(entries);
  const running = [...(await model.weights())].filter(([name]) => name.includes('/moving_'));
  return new Map<string, ArrayLike<number>>([
    ['the logits in evaluation', evaluated!],
    ['the logits in training', logits!],
    ['the gradient of the images', ofImages!],
    ...model.trainable.map(
      ({ name, variable }) => [`the gradient of ${name}`, grads[variable.name]!] as const,
    ),
    ...running.map(([name, values]) => [`${name} after two steps`, values] as const),
  ]);
}

/** They are the same for every engine, but for the masks, which depend on the seed alone. */
const known = new Map<LayerSpec[], Map<string, number[]>>();

function rightNumbers(
  layers: LayerSpec[],
  weights: ReadonlyMap<string, Array64>,
  images: Array64,
  back: readonly number[],
): Map<string, number[]> {
  const found = known.get(layers);
  if (found) return found;
  const plans = planArchitecture(layers, imageShape, classes).layers;
  const statistics: BatchStatistics = new Map();
  const right = new Map([
    ['the logits in evaluation', [...logitsOf(plans, weights, images).values]],
    ['the logits in training', [...logitsOf(plans, weights, images, statistics).values]],
  ]);
  const loss = (changed: ReadonlyMap<string, Array64>, x: Array64) =>
    dot(logitsOf(plans, changed, x, new Map()).values, back);
  right.set(
    'the gradient of the images',
    centralDifferences((values) => loss(weights, { shape: batch, values }), images.values),
  );
  for (const [name, { shape, values }] of weights) {
    // Masks are no weights, and running values are not trained.
    if (!name.includes('/') || name.includes('/moving_')) continue;
    const ofWeight = (moved: number[]) => loss(new Map(weights).set(name, { shape, values: moved }), images);
    right.set(`the gradient of ${name}`, centralDifferences(ofWeight, values));
  }
  for (const { name, spec } of plans) {
    if (spec.kind !== 'norm') continue;
    const used = statistics.get(name)!;
    for (const [part, batchValue] of [
      ['moving_mean', used.mean],
      ['moving_variance', used.variance],
    ] as const) {
      const before = weights.get(`${name}/${part}`)!.values;
      const kept = spec.momentum ** 2;
      const after = before.map((value, i) => kept * value + (1 - kept) * batchValue.values[i]!);
      right.set(`${name}/${part} after two steps`, after);
    }
  }
  known.set(layers, right);
  return right;
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}
