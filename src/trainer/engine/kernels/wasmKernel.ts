import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  backend_util,
  getKernel,
  registerKernel,
  unregisterKernel,
  util,
  type KernelConfig,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

/** What a kernel of the WebAssembly backend gets. */
export interface WasmKernelArguments<Inputs extends string, Attributes> {
  inputs: Record<Inputs, TensorInfo>;
  attrs: Attributes;
  backend: BackendWasm;
}

/** The WebAssembly backend's kernel of that name as it is now, or undefined when it has none. */
export function wasmKernel(kernelName: string): KernelConfig | undefined {
  return getKernel(kernelName, 'wasm');
}

/** Puts a kernel of ours into the WebAssembly backend. The stock set-up stays, for kernels that fall back to the stock one. */
export function replaceWasmKernel<Inputs extends string, Attributes>(
  kernelName: string,
  kernelFunc: (args: WasmKernelArguments<Inputs, Attributes>) => TensorInfo,
): void {
  const stock = wasmKernel(kernelName);
  if (stock !== undefined) unregisterKernel(kernelName, 'wasm');
  registerKernel({
    ...stock,
    kernelName,
    backendName: 'wasm',
    kernelFunc: kernelFunc as unknown as KernelConfig['kernelFunc'],
  });
}

/**
 * A view of the numbers on the WebAssembly heap. Any allocation may grow the heap and leave earlier views empty, so
 * views are taken after all outputs have been made.
 */
export function heap(backend: BackendWasm, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

export function free(backend: BackendWasm, ...tensors: TensorInfo[]): void {
  for (const tensor of tensors) backend.disposeData(tensor.dataId);
}

/** Geometry of a convolution whose images are stored batch, height, width, channels. */
export function convolutionGeometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dimRoundingMode, dataFormat }: ConvolutionAttributes,
): backend_util.Conv2DInfo {
  util.assert(dataFormat === 'NHWC', () => `Only images stored as NHWC can be trained, not ${dataFormat}.`);
  const [input, filter] = [inputShape, filterShape] as [number[], number[]] as [
    [number, number, number, number],
    [number, number, number, number],
  ];
  return backend_util.computeConv2DInfo(input, filter, strides, 1, pad, dimRoundingMode);
}

export interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat: 'NHWC' | 'NCHW';
}

/** Runs another kernel of the backend. The caller frees the result. */
export function runKernel(
  backend: BackendWasm,
  kernelName: string,
  inputs: Record<string, TensorInfo>,
  attrs: object = {},
): TensorInfo {
  const kernel = wasmKernel(kernelName)!;
  return kernel.kernelFunc({ inputs, attrs: attrs as never, backend }) as TensorInfo;
}
