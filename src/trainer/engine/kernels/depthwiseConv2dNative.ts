import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  DepthwiseConv2dNative,
  FusedDepthwiseConv2D,
  type DepthwiseConv2dNativeAttrs,
  type FusedDepthwiseConv2DAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { describeDepthwise } from '../simd/depthwise';
import { simd } from '../simd/simd';
import { depthwiseGeometry } from './depthwiseGeometry';
import { clampOf, fusedConvolution } from './fusedActivation';
import { replaceWasmKernel } from './wasmKernel';

/**
 * Depthwise convolutions of the WebAssembly backend by our own kernels: XNNPACK, which does them there, keeps a packed copy
 * of every filter that it has seen, by its tensor, and so forbids to change weights in place.
 */
export function replaceDepthwiseConv2d(): void {
  replaceWasmKernel<'x' | 'filter', DepthwiseConv2dNativeAttrs>(
    DepthwiseConv2dNative,
    ({ inputs, attrs, backend }) => convolution(backend, inputs, attrs, null, clampOf.linear),
  );
  replaceWasmKernel<'x' | 'filter', FusedDepthwiseConv2DAttrs>(
    FusedDepthwiseConv2D,
    ({ inputs, attrs, backend }) =>
      fusedConvolution(backend, inputs, attrs, (bias, limits) =>
        convolution(backend, inputs, attrs, bias, limits),
      ),
  );
}

function convolution(
  backend: BackendWasm,
  { x, filter }: { x: TensorInfo; filter: TensorInfo },
  attrs: DepthwiseConv2dNativeAttrs,
  bias: TensorInfo | null,
  { minimum, maximum }: { minimum: number; maximum: number },
): TensorInfo {
  const geometry = depthwiseGeometry(x.shape, filter.shape, attrs);
  const output = backend.makeOutput(geometry.outShape, 'float32');
  const { address, kernels } = simd();
  const [description, zeros] = describeDepthwise(simd(), geometry);
  kernels.depthwiseForward(
    description,
    address(x),
    address(filter),
    bias ? address(bias) : zeros,
    minimum,
    maximum,
    address(output),
  );
  return output;
}
