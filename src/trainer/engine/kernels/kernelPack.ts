import { repairAvgPoolGradient } from './avgPoolGradient';
import { replaceBatchMatMul } from './batchMatMul';
import { repairBroadcastGradients } from './broadcastGradients';
import { registerComparisonGradients } from './comparisonGradients';
import { replaceConv2D } from './conv2D';
import { addConv2DBackpropFilter } from './conv2DBackpropFilter';
import { replaceConv2DBackpropInput } from './conv2DBackpropInput';
import { addDepthwiseConv2dBackpropFilter } from './depthwiseConv2dBackpropFilter';
import { addDepthwiseConv2dBackpropInput } from './depthwiseConv2dBackpropInput';
import { replaceDepthwiseConv2d } from './depthwiseConv2dNative';
import { replaceFusedBatchNorm } from './fusedBatchNorm';
import { repairFusedBatchNormGradient } from './fusedBatchNormGradient';
import { repairFusedMatMul } from './fusedMatMul';
import { replaceIdentity } from './identity';
import { addRepeatRow, repairMeanGradient } from './mean';
import { repairMaxPoolGrad } from './maxPoolGrad';
import { addReluGradient, repairReluGradient } from './reluGradient';
import { replaceSumAndMean } from './sum';
import { addUnsortedSegmentSum } from './unsortedSegmentSum';

let registered = false;

/** Repairs the WebAssembly backend. It must run before that backend starts; a second call does nothing. */
export function registerKernelPack(): void {
  if (registered) return;
  registered = true;
  replaceIdentity();
  replaceBatchMatMul();
  replaceConv2D();
  addConv2DBackpropFilter();
  replaceConv2DBackpropInput();
  repairMaxPoolGrad();
  replaceSumAndMean();
  addRepeatRow();
  replaceFusedBatchNorm();
  addReluGradient();
  replaceDepthwiseConv2d();
  addDepthwiseConv2dBackpropFilter();
  addDepthwiseConv2dBackpropInput();
  repairFusedMatMul();
  addUnsortedSegmentSum();
}

/** Repairs gradients, which all backends share. A second call does nothing new. */
export function registerGradientRepairs(): void {
  registerComparisonGradients();
  repairFusedBatchNormGradient();
  repairReluGradient();
  repairMeanGradient();
  repairAvgPoolGradient();
  repairBroadcastGradients();
}
