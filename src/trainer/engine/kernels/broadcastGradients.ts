import * as tf from '@tensorflow/tfjs-core';

/**
 * Gradients of operations that repeat the smaller of their inputs. The stock gradients of tfjs-core forget to add up over
 * the repetitions, on every backend, so `maximum(x, 0)`, the squared difference from a mean, or a batch of matrices times
 * one matrix fail in training with "the gradient … has shape …, which does not match the shape of the input":
 * https://github.com/tensorflow/tfjs/issues/8721
 */
export function repairBroadcastGradients(): void {
  for (const kernelName of [tf.Maximum, tf.Minimum, tf.SquaredDifference, tf.BatchMatMul]) {
    const stock = tf.getGradient(kernelName);
    if (repairs.has(stock)) continue;
    const repair: tf.GradConfig = {
      ...stock,
      gradFunc: (dy, saved, attrs) => {
        const gradients = stock.gradFunc(dy, saved, attrs);
        const [a, b] = saved as [tf.Tensor, tf.Tensor];
        return { a: () => added(gradients['a']!(), a.shape), b: () => added(gradients['b']!(), b.shape) };
      },
    };
    repairs.add(repair);
    tf.registerGradient(repair);
  }
}

const repairs = new WeakSet<tf.GradConfig>();

/** Adds up over the axes along which a tensor of `shape` was repeated. */
function added(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), shape);
}
