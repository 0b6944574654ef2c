import * as tf from '@tensorflow/tfjs-core';
import { requireTeacher, type Criterion } from './criterion';

/**
 * Squared error between logits (Ba & Caruana 2014, arXiv:1312.6184, eq. 1). The reduction decides what a weight means:
 *
 * - `mean`: over batch and classes.
 * - `class_sum`: sum over classes, mean over the batch. Divided by 2C, with centred logits, it is what KD tends to for
 *   T → ∞ (Hinton et al. 2015, §2.1).
 * - `sum`: over both; the gradient grows with the batch.
 */
export const logitMse: Criterion<{ reduction: 'mean' | 'class_sum' | 'sum' }> = (inputs, { reduction }) => {
  const difference = tf.sub(inputs.studentLogits, requireTeacher(inputs, 'logit_mse'));
  const squares = tf.square(difference);
  if (reduction === 'mean') return tf.mean(squares);
  if (reduction === 'class_sum') return tf.mean(tf.sum(squares, -1));
  return tf.sum(squares);
};
