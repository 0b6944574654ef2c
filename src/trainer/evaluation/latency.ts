import * as tf from '@tensorflow/tfjs-core';
import type { RoleReport } from '../../runs/report';
import type { Model } from '../models/model';

const batchSize = 64;
const warmUpPasses = 20;
const mostPasses = 200;
const mostMilliseconds = 1500;

/**
 * Median time of a forward pass on the engine in use, for one sample and for a batch, in milliseconds. Warmed up; at
 * most 200 passes or a second and a half, whichever is less.
 */
export async function measureLatency(
  model: Model,
  inputShape: readonly [number, number, number],
  between: () => Promise<void>,
): Promise<RoleReport['latencyMs']> {
  const measured: number[] = [];
  for (const count of [1, batchSize]) {
    const pixels = tf.zeros<tf.Rank.R4>([count, ...inputShape]);
    measured.push(await medianPass(model, pixels));
    pixels.dispose();
    await between();
  }
  const [one = 0, batch = 0] = measured;
  return { one, batch, batchSize };
}

async function medianPass(model: Model, pixels: tf.Tensor4D): Promise<number> {
  const times: number[] = [];
  const begin = performance.now();
  for (let pass = 0; pass < warmUpPasses + mostPasses; pass++) {
    const start = performance.now();
    const logits = tf.tidy(() => model.predict(pixels));
    await logits.data();
    logits.dispose();
    const end = performance.now();
    if (pass >= warmUpPasses || end - begin > mostMilliseconds) times.push(end - start);
    if (end - begin > mostMilliseconds) break;
  }
  return median(times);
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
