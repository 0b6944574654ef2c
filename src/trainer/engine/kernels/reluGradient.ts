import * as tf from '@tensorflow/tfjs-core';
import { simd } from '../simd/simd';
import { replaceWasmKernel } from './wasmKernel';

const kernelName = 'ReluGradient';

/** A kernel of our own: the gradient of a ReLU in one pass. */
export function addReluGradient(): void {
  replaceWasmKernel<'dy' | 'x', object>(kernelName, ({ inputs: { dy, x }, backend }) => {
    const dx = backend.makeOutput(x.shape, 'float32');
    const { address, kernels } = simd();
    kernels.reluGradient(address(dy), address(x), tf.util.sizeFromShape(x.shape), address(dx));
    return dx;
  });
}

/** Where there is that kernel, it replaces the three of the stock gradient: a step function, a cast and a product. */
export function repairReluGradient(): void {
  const stock = tf.getGradient(tf.Relu);
  if (repairs.has(stock)) return;
  const repair: tf.GradConfig = {
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved as [tf.Tensor];
      return tf.getBackend() === 'wasm'
        ? { x: () => tf.engine().runKernel<tf.Tensor>(kernelName, { dy: dy as tf.Tensor, x }) }
        : stock.gradFunc(dy, saved, attrs);
    },
  };
  repairs.add(repair);
  tf.registerGradient(repair);
}

const repairs = new WeakSet<tf.GradConfig>();
