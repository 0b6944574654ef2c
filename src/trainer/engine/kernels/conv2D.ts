import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  backend_util,
  Conv2D,
  FusedConv2D,
  util,
  type Conv2DAttrs,
  type FusedConv2DAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { convolve } from '../simd/convolution';
import { simd } from '../simd/simd';
import { clampOf, fusedConvolution } from './fusedActivation';
import { replaceWasmKernel } from './wasmKernel';

/**
 * Convolutions of the WebAssembly backend by our own kernels, which are faster than XNNPACK's there and, unlike those, keep
 * no packed copy of the filter by its tensor: weights may be changed in place. `node bench/kernels.mjs` prints the speeds.
 */
export function replaceConv2D(): void {
  replaceWasmKernel<'x' | 'filter', Conv2DAttrs>(Conv2D, ({ inputs, attrs, backend }) =>
    convolution(backend, inputs, attrs, null, clampOf.linear),
  );
  replaceWasmKernel<'x' | 'filter', FusedConv2DAttrs>(FusedConv2D, ({ inputs, attrs, backend }) =>
    fusedConvolution(backend, inputs, attrs, (bias, limits) =>
      convolution(backend, inputs, attrs, bias, limits),
    ),
  );
}

function convolution(
  backend: BackendWasm,
  { x, filter }: { x: TensorInfo; filter: TensorInfo },
  { strides, dilations, pad, dimRoundingMode, dataFormat }: Conv2DAttrs,
  bias: TensorInfo | null,
  limits: { minimum: number; maximum: number },
): TensorInfo {
  util.assert(dataFormat === 'NHWC', () => `Only images stored as NHWC can be used, not ${dataFormat}.`);
  const geometry = backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  const output = backend.makeOutput(geometry.outShape, 'float32');
  const { address } = simd();
  const finish = { bias: bias ? address(bias) : 0, ...limits };
  convolve(simd(), geometry, address(x), address(filter), address(output), finish);
  return output;
}
