import * as tf from '@tensorflow/tfjs-core';
import { simd } from '../simd/simd';
import { replaceWasmKernel } from './wasmKernel';

const kernelName = 'RepeatRow';

/** A kernel of our own: the row `x` of numbers, as often as the leading axes of `shape` say. */
export function addRepeatRow(): void {
  replaceWasmKernel<'x', { shape: number[] }>(kernelName, ({ inputs: { x }, attrs, backend }) => {
    const output = backend.makeOutput(attrs.shape, 'float32');
    const { address, kernels } = simd();
    const channels = tf.util.sizeFromShape(x.shape);
    const rows = tf.util.sizeFromShape(attrs.shape) / channels;
    kernels.repeatRow(address(x), channels, rows, address(output));
    return output;
  });
}

/**
 * The gradient of a mean over the leading axes, as batch normalisation takes it, in one pass where there is that kernel.
 * The stock gradient multiplies by a tensor of ones and then divides every number.
 */
export function repairMeanGradient(): void {
  const stock = tf.getGradient(tf.Mean);
  if (repairs.has(stock)) return;
  const repair: tf.GradConfig = {
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [{ shape }] = saved as [tf.Tensor];
      const axes = tf.util.parseAxisParam(attrs['axis'] as number | number[], shape).sort((a, b) => a - b);
      const leading = axes.length < shape.length && axes.every((axis, i) => axis === i);
      const size = tf.util.sizeFromShape(shape);
      if (tf.getBackend() !== 'wasm' || !leading || size === 0) return stock.gradFunc(dy, saved, attrs);
      const rows = tf.util.sizeFromShape(shape.slice(0, axes.length));
      const x = () => tf.div(dy as tf.Tensor, rows);
      return { x: () => tf.engine().runKernel<tf.Tensor>(kernelName, { x: x() }, { shape }) };
    },
  };
  repairs.add(repair);
  tf.registerGradient(repair);
}

const repairs = new WeakSet<tf.GradConfig>();
