import { repairBatchMatMul } from './batchMatMul';
import { registerComparisonGradients } from './comparisonGradients';
import { addConv2DBackpropFilter } from './conv2DBackpropFilter';
import { repairConv2DBackpropInput } from './conv2DBackpropInput';
import { repairFusedBatchNormGradient } from './fusedBatchNormGradient';
import { repairMaxPoolGrad } from './maxPoolGrad';

let registered = false;

/** Repairs the WebAssembly backend. It must run before that backend starts; a second call does nothing. */
export function registerKernelPack(): void {
  if (registered) return;
  registered = true;
  repairBatchMatMul();
  addConv2DBackpropFilter();
  repairConv2DBackpropInput();
  repairMaxPoolGrad();
}

/** Repairs gradients, which all backends share. A second call does nothing new. */
export function registerGradientRepairs(): void {
  registerComparisonGradients();
  repairFusedBatchNormGradient();
}
