import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { Cast, Identity, type CastAttrs, type TensorInfo } from '@tensorflow/tfjs-core';
import { replaceWasmKernel, wasmKernel } from './wasmKernel';

/**
 * A copy of a tensor shares its numbers, as on every other backend, and so does a cast to the type that it has. The stock
 * kernels of the WebAssembly backend copy the numbers, although its reshape shares them; the tape of a training step makes
 * such a copy of nearly every tensor.
 */
export function replaceIdentity(): void {
  const [identity, cast] = [Identity, Cast].map((name) => wasmKernel(name)!.kernelFunc);
  replaceWasmKernel<'x', object>(Identity, (args) => {
    const { inputs, backend } = args;
    return inputs.x.dtype === 'string' ? (identity!(args as never) as TensorInfo) : shared(backend, inputs.x);
  });
  replaceWasmKernel<'x', CastAttrs>(Cast, (args) => {
    const { inputs, attrs, backend } = args;
    return inputs.x.dtype === attrs.dtype && attrs.dtype !== 'string'
      ? shared(backend, inputs.x)
      : (cast!(args as never) as TensorInfo);
  });
}

function shared(backend: BackendWasm, { dataId, shape, dtype }: TensorInfo): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}
