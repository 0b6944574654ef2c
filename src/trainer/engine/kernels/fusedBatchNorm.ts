import { FusedBatchNorm, util, type FusedBatchNormAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import { simd } from '../simd/simd';
import { heap, replaceWasmKernel, wasmKernel } from './wasmKernel';

/**
 * Batch normalisation with one number of each kind a channel, by our own kernel: the four become one factor and one term,
 * so that every number of the image takes one multiply-add. The stock kernel, which stays in use for statistics of other
 * shapes, does the whole formula for each number.
 */
export function replaceFusedBatchNorm(): void {
  const stock = wasmKernel(FusedBatchNorm)!.kernelFunc;
  replaceWasmKernel<'x' | 'mean' | 'variance', FusedBatchNormAttrs>(FusedBatchNorm, (args) => {
    const { attrs, backend } = args;
    const { x, mean, variance, scale, offset } = args.inputs as Inputs;
    const channels = x.shape.at(-1) ?? 0;
    const statistics = [mean, variance, scale, offset].filter((tensor) => tensor != null);
    const ofChannels = statistics.every(({ shape }) => shape.length === 1 && shape[0] === channels);
    if (!ofChannels || channels === 0) return stock(args as never) as TensorInfo;

    const output = backend.makeOutput(x.shape, 'float32');
    const { address, kernels, scratch, view } = simd();
    const [factors, terms] = scratch(4 * channels, 4 * channels);
    const numbers = (tensor: TensorInfo | null | undefined) =>
      tensor == null ? null : heap(backend, tensor);
    const [means, variances, scales, offsets] = [mean, variance, scale, offset].map(numbers);
    const [factor, term] = [view(factors, channels), view(terms, channels)];
    for (let i = 0; i < channels; i++) {
      const all = (scales?.[i] ?? 1) / Math.sqrt(variances![i]! + attrs.varianceEpsilon);
      factor[i] = all;
      term[i] = (offsets?.[i] ?? 0) - means![i]! * all;
    }
    const rows = util.sizeFromShape(x.shape) / channels;
    kernels.scaleChannels(address(x), rows, channels, factors, terms, address(output));
    return output;
  });
}

interface Inputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  scale?: TensorInfo | null;
  offset?: TensorInfo | null;
}
