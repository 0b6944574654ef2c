import * as tf from '@tensorflow/tfjs-core';

/**
 * The gradient of batch normalisation by broadcasting. The stock gradient repeats the statistics to the size of the
 * images with `tile` first, which is slow on WebAssembly: `node bench/kernels.mjs` prints by how much. With statistics
 * that are not one number a channel, the stock gradient stays in use.
 */
export function repairFusedBatchNormGradient(): void {
  const stock = tf.getGradient(tf.FusedBatchNorm);
  if (repairs.has(stock)) return;
  const repair: tf.GradConfig = {
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [, mean] = saved;
      return mean!.rank === 1
        ? broadcastGradient(dy as tf.Tensor, saved, attrs)
        : stock.gradFunc(dy, saved, attrs);
    },
  };
  repairs.add(repair);
  tf.registerGradient(repair);
}

const repairs = new WeakSet<tf.GradConfig>();

function broadcastGradient(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: tf.NamedAttrMap,
): ReturnType<tf.GradFunc> {
  const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
  const inverseDeviation = tf.rsqrt(tf.add(variance, attrs['varianceEpsilon'] as number));
  const factor = scale == null ? inverseDeviation : tf.mul(inverseDeviation, scale);
  const centred = tf.sub(x, mean);
  const overChannels = (values: tf.Tensor) => tf.sum(values, [...Array(x.rank - 1).keys()]);
  return {
    x: () => tf.mul(dy, factor),
    mean: () => tf.neg(tf.mul(overChannels(dy), factor)),
    variance: () =>
      tf.mul(overChannels(tf.mul(dy, centred)), tf.mul(-0.5, tf.mul(factor, tf.square(inverseDeviation)))),
    scale: () => tf.mul(overChannels(tf.mul(dy, centred)), inverseDeviation),
    offset: () => overChannels(dy),
  };
}
