import { registerGradient, zeros, type GradConfig, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Comparisons, and what logic makes of them, are constant almost everywhere, so their gradients are zero. tfjs-core says so
 * for `greaterEqual` only; `where(greater(x, 0), …)` and its like fail in training with "gradient function not found".
 */
export function registerComparisonGradients(): void {
  for (const kernelName of ['Greater', 'Less', 'LessEqual', 'Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr'])
    registerGradient(zeroGradient(kernelName, ['a', 'b']));
  registerGradient(zeroGradient('LogicalNot', ['x']));
}

/** Gradients are always float32, also for inputs that are truth values or whole numbers. */
function zeroGradient(kernelName: string, inputs: string[]): GradConfig {
  return {
    kernelName,
    inputsToSave: inputs,
    gradFunc: (_dy, saved) =>
      Object.fromEntries(inputs.map((input, i) => [input, (): Tensor => zeros(saved[i]!.shape)])),
  };
}
