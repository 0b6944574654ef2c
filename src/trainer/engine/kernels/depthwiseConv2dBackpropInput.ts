import { DepthwiseConv2dNativeBackpropInput } from '@tensorflow/tfjs-core';
import { describeDepthwise } from '../simd/depthwise';
import { simd } from '../simd/simd';
import { depthwiseGeometry, type DepthwiseAttributes } from './depthwiseGeometry';
import { replaceWasmKernel } from './wasmKernel';

/**
 * The gradient of a depthwise convolution with respect to its input, which the WebAssembly backend does not have:
 * without it only the first layer could be depthwise. https://github.com/tensorflow/tfjs/issues/8474
 */
export function addDepthwiseConv2dBackpropInput(): void {
  replaceWasmKernel<'dy' | 'filter', DepthwiseAttributes & { inputShape: number[] }>(
    DepthwiseConv2dNativeBackpropInput,
    ({ inputs: { dy, filter }, attrs, backend }) => {
      const geometry = depthwiseGeometry(attrs.inputShape, filter.shape, attrs);
      const dx = backend.makeOutput(attrs.inputShape, 'float32');
      const { address, kernels } = simd();
      const [description] = describeDepthwise(simd(), geometry);
      kernels.depthwiseInputGradient(description, address(dy), address(filter), address(dx));
      return dx;
    },
  );
}
