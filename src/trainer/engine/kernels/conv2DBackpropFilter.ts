import { Conv2DBackpropFilter } from '@tensorflow/tfjs-core';
import { filterGradient } from '../simd/convolution';
import { simd } from '../simd/simd';
import { convolutionGeometry, replaceWasmKernel, type ConvolutionAttributes } from './wasmKernel';

/**
 * The gradient of a convolution with respect to its filter, which the WebAssembly backend does not have: without it no
 * network with convolutions can be trained. https://github.com/tensorflow/tfjs/issues/8474
 */
export function addConv2DBackpropFilter(): void {
  replaceWasmKernel<'x' | 'dy', ConvolutionAttributes & { filterShape: number[] }>(
    Conv2DBackpropFilter,
    ({ inputs: { x, dy }, attrs, backend }) => {
      const geometry = convolutionGeometry(x.shape, attrs.filterShape, attrs);
      const filter = backend.makeOutput(attrs.filterShape, 'float32');
      const { address } = simd();
      filterGradient(simd(), geometry, address(x), address(dy), address(filter));
      return filter;
    },
  );
}
