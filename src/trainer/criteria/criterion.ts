import type * as tf from '@tensorflow/tfjs-core';

/** What every criterion is given. All tensors are `batch × classes`; the teacher's are constants. */
export interface CriterionInputs {
  studentLogits: tf.Tensor2D;
  /** Null while the student learns without a teacher. */
  teacherLogits: tf.Tensor2D | null;
  /** One-hot. */
  labels: tf.Tensor2D;
}

/**
 * A criterion is a pure, differentiable function of student and teacher outputs; it returns a scalar, not yet weighted.
 */
export type Criterion<Options> = (inputs: CriterionInputs, options: Options) => tf.Scalar;

/** The teacher's logits, for criteria that cannot do without them. */
export function requireTeacher({ teacherLogits }: CriterionInputs, criterion: string): tf.Tensor2D {
  if (!teacherLogits) throw new Error(`The criterion ${criterion} was used without a teacher.`);
  return teacherLogits;
}
