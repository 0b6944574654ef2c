import * as tf from '@tensorflow/tfjs-core';
import type { Criterion } from './criterion';

/**
 * Cross-entropy with the labels, in nats, mean over the batch:
 *
 *     L = − mean_batch Σ_c q_c · log p_c^s,   q = (1 − ε) · onehot(y) + ε / C
 *
 * ε is the label smoothing of Szegedy et al. 2016, arXiv:1512.00567, §7.
 */
export const crossEntropy: Criterion<{ labelSmoothing: number }> = (
  { studentLogits, labels },
  { labelSmoothing },
) => {
  const classes = labels.shape[1];
  const target =
    labelSmoothing === 0 ? labels : tf.add(tf.mul(labels, 1 - labelSmoothing), labelSmoothing / classes);
  const logLikelihood: tf.Scalar = tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(studentLogits)), -1));
  return tf.neg(logLikelihood);
};
