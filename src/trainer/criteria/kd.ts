import * as tf from '@tensorflow/tfjs-core';
import { requireTeacher, type Criterion } from './criterion';

/**
 * Knowledge distillation (Hinton, Vinyals & Dean 2015, arXiv:1503.02531, eq. 1–4), in nats:
 *
 *     L = T² · mean_batch Σ_c p_c^t(T) · [ log p_c^t(T) − log p_c^s(T) ],   p(T) = softmax(z / T)
 *
 * The sum runs over classes and the mean over the batch alone: a mean over both (`KLDiv` with reduction "mean" in
 * PyTorch) is smaller by the number of classes. The gradient with respect to z^s is T · (p^s − p^t) / batch, so T² keeps
 * its size when the temperature changes. Both distributions come from log-softmax: no logarithm of a rounded probability
 * is taken, and logits of ±10⁴ stay finite.
 */
export const kd: Criterion<{ temperature: number }> = (inputs, { temperature }) => {
  const teacherLogits = requireTeacher(inputs, 'kd');
  const logTeacher = tf.logSoftmax(tf.div(teacherLogits, temperature));
  const logStudent = tf.logSoftmax(tf.div(inputs.studentLogits, temperature));
  const divergence = tf.sum(tf.mul(tf.exp(logTeacher), tf.sub(logTeacher, logStudent)), -1);
  return tf.mul(tf.mean(divergence), temperature * temperature);
};
