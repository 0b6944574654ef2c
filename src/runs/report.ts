import type { EngineId } from './manifest';
import type { Role } from './events';

/** A number with its spread over the seeds. `sd` is the sample standard deviation; null with fewer than two values. */
export interface Spread {
  mean: number;
  sd: number | null;
  values: number[];
}

/** Everything measured of one role on the test data. Rates are 0…1. */
export interface RoleReport {
  seeds: number[];
  errors: Spread;
  accuracy: Spread;
  /** Mean cross-entropy in nats. */
  loss: Spread;
  /** Expected calibration error, 15 equal-width bins, right-closed. */
  ece: Spread;
  /** Share of test samples on which it chooses as the teacher does; absent for the teacher. */
  agreement?: Spread;
  /** Mean KL(teacher ‖ student) at T = 1, in nats; absent for the teacher. */
  kl?: Spread;
  parameters: number;
  /** Size on disk of the saved model: topology and weights. */
  bytes: number;
  /** Multiply-adds of one forward pass of one sample. */
  multiplyAdds: number;
  latencyMs: { one: number; batch: number; batchSize: number };
}

export interface Comparison {
  metric: 'errors';
  role: Role;
  against: Role;
  /** Means over seeds. */
  roleMean: number;
  againstMean: number;
  /** (against − role) / against: 0.2 is 20 % fewer errors. */
  relativeReduction: number;
  /** (against − role) / (against − teacher); null where the teacher is not better than `against`. */
  gapClosed: number | null;
  /** One plain sentence. */
  sentence: string;
}

export interface ExpectationResult {
  text: string;
  line: number;
  pass: boolean;
  /** Both sides as they came out, e.g. `742.3 < 1012.7`. */
  actual: string;
}

/** `report.json`. Fields are added, never renamed. */
export interface RunReport {
  version: 1;
  experiment: { name: string; hash: string; cite?: string };
  engine: EngineId;
  seeds: number[];
  testSamples: number;
  roles: Partial<Record<Role, RoleReport>>;
  comparisons: Comparison[];
  expect: ExpectationResult[];
  seconds: number;
}
