import * as tf from '@tensorflow/tfjs-core';
import type { LossAtStep } from '../../../src/experiment/resolved';
import { lossTerm } from '../../../src/trainer/criteria/registry';
import type { Rows } from './float64';

/** The value of a criterion and its gradient with respect to the student's logits, on the engine that is open. */
export function onEngine(
  loss: LossAtStep,
  student: Rows,
  teacher: Rows | null,
  labels: Rows,
): { value: number; gradient: number[][] } {
  return tf.tidy(() => {
    const tensor = (rows: Rows) => tf.tensor2d(rows.map((row) => [...row]));
    const teacherLogits = teacher && tensor(teacher);
    const constants = { teacherLogits, labels: tensor(labels) };
    const compute = (z: tf.Tensor) => lossTerm(loss, { studentLogits: z as tf.Tensor2D, ...constants });
    const { value, grad } = tf.valueAndGrad(compute)(tensor(student));
    return { value: value.dataSync()[0]!, gradient: grad.arraySync() as number[][] };
  });
}
