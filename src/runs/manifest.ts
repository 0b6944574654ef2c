import type { RunState } from './events';

export type EngineId = 'tensorflow' | 'wasm' | 'cpu';

/** What `probe` says of one engine. */
export interface EngineProbe {
  id: EngineId;
  ok: boolean;
  /** Why it cannot be used, in one sentence with the cure where there is one. */
  reason?: string;
  /** The version of the library, e.g. `TensorFlow.js 4.22.0` or `TensorFlow 2.9.1`. */
  version?: string;
  milliseconds: number;
}

/** `run.json`: the manifest of a run, replaced atomically whenever its state changes. */
export interface RunManifest {
  version: 1;
  /** The name of the run directory. */
  id: string;
  /** `name` of the experiment, else its file name without the extension. */
  name: string;
  state: RunState;
  /** One sentence for people: why it failed or stopped. */
  message?: string;
  exitCode?: number;
  /** Absolute path of the experiment file that was run; `experiment.distill.yaml` beside this is its copy. */
  file: string;
  /** SHA-256 of the resolved experiment, in hexadecimal. */
  hash: string;
  /** SHA-256 of the data, in hexadecimal; absent in runs of older versions. */
  dataHash?: string;
  pid: number;
  /** The start time of the process as the system gives it: with the pid it tells whether the process still lives. */
  processStart: string;
  /** ISO 8601, UTC. */
  started: string;
  finished?: string;
  engine?: EngineId;
  engineReason?: string;
  /** Every engine that was looked at, in order. */
  engines: EngineProbe[];
  seeds: number[];
  roles: ('teacher' | 'student' | 'scratch')[];
  classNames: string[];
  /** Temperature of the first `kd` loss that the student learns with; absent without one. */
  temperature?: number;
  versions: Record<string, string>;
}
