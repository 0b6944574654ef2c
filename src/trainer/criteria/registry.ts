import type * as tf from '@tensorflow/tfjs-core';
import type { LossAtStep, ResolvedLoss } from '../../experiment/resolved';
import type { CriterionName } from '../../experiment/schema/losses';
import type { CriterionInputs } from './criterion';
import { crossEntropy } from './crossEntropy';
import { kd } from './kd';
import { logitMse } from './logitMse';

/** Every criterion of the experiment language, by its name there. One that is missing does not compile. */
const criteria: {
  [K in CriterionName]: (inputs: CriterionInputs, loss: Extract<LossAtStep, { criterion: K }>) => tf.Scalar;
} = {
  kd,
  ce: crossEntropy,
  logit_mse: logitMse,
};

/** The value of one term, not yet weighted. */
export function lossTerm(loss: LossAtStep, inputs: CriterionInputs): tf.Scalar {
  switch (loss.criterion) {
    case 'kd':
      return criteria.kd(inputs, loss);
    case 'ce':
      return criteria.ce(inputs, loss);
    case 'logit_mse':
      return criteria.logit_mse(inputs, loss);
  }
}

/** Names of the terms as metrics call them: `kd`, `ce`, and `kd.2` for a criterion that stands a second time. */
export function termNames(losses: readonly ResolvedLoss[]): string[] {
  const seen = new Map<string, number>();
  return losses.map(({ criterion }) => {
    const count = (seen.get(criterion) ?? 0) + 1;
    seen.set(criterion, count);
    return count === 1 ? criterion : `${criterion}.${count}`;
  });
}
