import { DepthwiseConv2dNativeBackpropFilter } from '@tensorflow/tfjs-core';
import { describeDepthwise } from '../simd/depthwise';
import { simd } from '../simd/simd';
import { depthwiseGeometry, type DepthwiseAttributes } from './depthwiseGeometry';
import { replaceWasmKernel } from './wasmKernel';

/**
 * The gradient of a depthwise convolution with respect to its filter, which the WebAssembly backend does not have:
 * without it no depthwise-separable network can be trained. https://github.com/tensorflow/tfjs/issues/8474
 */
export function addDepthwiseConv2dBackpropFilter(): void {
  replaceWasmKernel<'x' | 'dy', DepthwiseAttributes & { filterShape: number[] }>(
    DepthwiseConv2dNativeBackpropFilter,
    ({ inputs: { x, dy }, attrs, backend }) => {
      const geometry = depthwiseGeometry(x.shape, attrs.filterShape, attrs);
      const filter = backend.makeOutput(attrs.filterShape, 'float32');
      const { address, kernels } = simd();
      const [description] = describeDepthwise(simd(), geometry);
      kernels.depthwiseFilterGradient(description, address(x), address(dy), address(filter));
      return filter;
    },
  );
}
