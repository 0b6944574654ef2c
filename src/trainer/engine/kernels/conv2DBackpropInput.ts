import { Conv2DBackpropInput } from '@tensorflow/tfjs-core';
import { inputGradient } from '../simd/convolution';
import { simd } from '../simd/simd';
import { convolutionGeometry, replaceWasmKernel, type ConvolutionAttributes } from './wasmKernel';

/**
 * The gradient of a convolution with respect to its input. The stock kernel of the WebAssembly backend is right, but a
 * scalar loop; `node bench/kernels.mjs` prints by how much ours is faster.
 */
export function replaceConv2DBackpropInput(): void {
  replaceWasmKernel<'dy' | 'filter', ConvolutionAttributes & { inputShape: number[] }>(
    Conv2DBackpropInput,
    ({ inputs: { dy, filter }, attrs, backend }) => {
      const geometry = convolutionGeometry(attrs.inputShape, filter.shape, attrs);
      const dx = backend.makeOutput(attrs.inputShape, 'float32');
      const { address } = simd();
      inputGradient(simd(), geometry, address(dy), address(filter), address(dx));
      return dx;
    },
  );
}
