/** Logits of many samples: `count × classes`, row-major. */
export interface Logits {
  classes: number;
  values: Float32Array;
}

/** What is measured of a model on a set of samples. Rates are 0…1. */
export interface Metrics {
  samples: number;
  errors: number;
  accuracy: number;
  /** Mean cross-entropy with the labels, in nats. */
  loss: number;
  /** Expected calibration error, see {@link expectedCalibrationError}. */
  ece: number;
}

/** How near a student is to its teacher on the same samples. */
export interface Fidelity {
  /** Share of samples on which both choose the same class (Stanton et al. 2021, arXiv:2106.05945). */
  agreement: number;
  /** Mean KL(teacher ‖ student) at T = 1, in nats. */
  kl: number;
}

export const calibrationBins = 15;

/** Measures logits against labels. All sums run in double precision. */
export function measure(logits: Logits, labels: Uint8Array): Metrics {
  const logProbabilities = new Float64Array(logits.classes);
  const confidences = new Float64Array(labels.length);
  const hits = new Uint8Array(labels.length);
  let errors = 0;
  let loss = 0;
  labels.forEach((label, row) => {
    logSoftmax(logits, row, logProbabilities);
    const choice = argmax(logProbabilities);
    if (choice !== label) errors++;
    hits[row] = choice === label ? 1 : 0;
    confidences[row] = Math.exp(logProbabilities[choice]!);
    loss -= logProbabilities[label]!;
  });
  const samples = labels.length;
  return {
    samples,
    errors,
    accuracy: 1 - errors / samples,
    loss: loss / samples,
    ece: expectedCalibrationError(confidences, hits, calibrationBins),
  };
}

/** Compares two models on the same samples, in the same order. */
export function compareWithTeacher(student: Logits, teacher: Logits): Fidelity {
  const { classes } = student;
  const samples = student.values.length / classes;
  const [logStudent, logTeacher] = [new Float64Array(classes), new Float64Array(classes)];
  let alike = 0;
  let kl = 0;
  for (let row = 0; row < samples; row++) {
    logSoftmax(student, row, logStudent);
    logSoftmax(teacher, row, logTeacher);
    if (argmax(logStudent) === argmax(logTeacher)) alike++;
    for (let c = 0; c < classes; c++) kl += Math.exp(logTeacher[c]!) * (logTeacher[c]! - logStudent[c]!);
  }
  return { agreement: alike / samples, kl: kl / samples };
}

/**
 * Expected calibration error with equal-width, right-closed bins: Σ_b (n_b / N) · |accuracy_b − confidence_b|
 * (Guo et al. 2017, arXiv:1706.04599, eq. 3). Not a number where a confidence is none.
 */
export function expectedCalibrationError(confidences: Float64Array, hits: Uint8Array, bins: number): number {
  if (confidences.some(Number.isNaN)) return NaN;
  const totals = Array.from({ length: bins }, () => ({ confidence: 0, hits: 0 }));
  confidences.forEach((confidence, i) => {
    const bin = totals[Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1))]!;
    bin.confidence += confidence;
    bin.hits += hits[i]!;
  });
  return totals.reduce((sum, bin) => sum + Math.abs(bin.hits - bin.confidence), 0) / confidences.length;
}

/** Log-probabilities of one row of logits, in double precision, into `into`. Plain loops: it runs for every sample of every epoch. */
function logSoftmax({ classes, values }: Logits, row: number, into: Float64Array): void {
  const start = row * classes;
  let largest = -Infinity;
  for (let c = 0; c < classes; c++) largest = Math.max(largest, values[start + c]!);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(values[start + c]! - largest);
  const logSum = largest + Math.log(sum);
  for (let c = 0; c < classes; c++) into[c] = values[start + c]! - logSum;
}

/** The first index of the largest value. */
function argmax(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
