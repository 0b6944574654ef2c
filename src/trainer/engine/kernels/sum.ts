import { Mean, Sum, util, type SumAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import { simd } from '../simd/simd';
import { replaceWasmKernel, wasmKernel } from './wasmKernel';

/**
 * Sums and means over all axes but the last ones, by our own kernel: the gradient of every bias is such a sum over the
 * batch, and for convolutions over all positions; batch normalisation takes such means. The stock kernels transpose their
 * input first. Other sums stay with them.
 */
export function replaceSumAndMean(): void {
  for (const kernelName of [Sum, Mean]) {
    const stock = wasmKernel(kernelName)!.kernelFunc;
    replaceWasmKernel<'x', SumAttrs>(kernelName, (args) => {
      const { inputs, attrs, backend } = args;
      const { x } = inputs;
      const axes = util.parseAxisParam(attrs.axis, x.shape).sort((a, b) => a - b);
      const channels = util.sizeFromShape(x.shape.slice(axes.length));
      const leading = axes.length < x.shape.length && axes.every((axis, i) => axis === i);
      const rows = util.sizeFromShape(x.shape.slice(0, axes.length));
      if (!leading || x.dtype !== 'float32' || channels < 4 || rows === 0)
        return stock(args as never) as TensorInfo;
      const kept = attrs.keepDims ? axes.map(() => 1) : [];
      const output = backend.makeOutput([...kept, ...x.shape.slice(axes.length)], 'float32');
      const { address, kernels } = simd();
      kernels.sumRows(address(x), rows, channels, address(output));
      if (kernelName === Mean) kernels.scale(address(output), channels, 1 / rows);
      return output;
    });
  }
}
