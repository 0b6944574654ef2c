import { registerGradient, zerosLike } from '@tensorflow/tfjs-core';

/**
 * Comparisons are constant almost everywhere, so their gradient is zero. tfjs-core says so for `greaterEqual` only;
 * `where(greater(x, 0), …)` and its like fail in training with "gradient function not found".
 */
export function registerComparisonGradients(): void {
  for (const kernelName of ['Greater', 'Less', 'LessEqual', 'Equal', 'NotEqual'])
    registerGradient({
      kernelName,
      inputsToSave: ['a', 'b'],
      gradFunc: (_dy, [a, b]) => ({ a: () => zerosLike(a!), b: () => zerosLike(b!) }),
    });
}
