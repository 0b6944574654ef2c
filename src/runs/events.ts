/**
 * The events of a run: one JSON object a line in `events.jsonl`, append-only, with `seq` counting up from 1.
 * Readers ignore types and fields they do not know. Fields are added, never renamed.
 */
export type RunEvent =
  | RunStateEvent
  | StageEvent
  | ProgressEvent
  | MetricsEvent
  | EvaluationEvent
  | SampleEvent
  | CheckpointEvent
  | CacheEvent
  | LogEvent
  | ProblemEvent;

export type RunEventType = RunEvent['type'];

/** An event before the writer gives it its number and time. */
export type RunEventBody = RunEvent extends infer E
  ? E extends RunEvent
    ? Omit<E, 'seq' | 'time'>
    : never
  : never;

/** `scratch` is the student trained with the same samples, budget and seed but without the teacher. */
export type Role = 'teacher' | 'student' | 'scratch';

/**
 * `starting`: reading data, probing engines. `running`: training. `evaluating`: the test data, once.
 * `done`, `stopped` (on request) and `failed` are final. A reader shows `lost` when the process is gone without one of them.
 */
export type RunState = 'starting' | 'running' | 'evaluating' | 'done' | 'stopped' | 'failed';
export const finalStates: ReadonlySet<RunState> = new Set(['done', 'stopped', 'failed']);

/** JSON has no NaN or infinity; they are written as these strings and read back as numbers. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';

interface EventBase {
  seq: number;
  /** ISO 8601, UTC. */
  time: string;
}

export interface RunStateEvent extends EventBase {
  type: 'run';
  state: RunState;
  message?: string;
}

/** A stage is one training of one model: the teacher's, or one stage of one role and seed. */
export interface StageEvent extends EventBase {
  type: 'stage';
  /** Unique in the run: `teacher`, `student/1/distill`, `scratch/1/distill`. */
  stage: string;
  role: Role;
  seed: number;
  /** The stage's name in the experiment file; `train` for the teacher, `distill` for a single stage. */
  name: string;
  /**
   * `resumed`: it goes on from a checkpoint, and steps after that may be told a second time, with the same numbers.
   * `reused`: trained before with the same content hash, loaded instead.
   */
  state: 'started' | 'resumed' | 'finished' | 'reused';
  /** SHA-256 of everything that decides the outcome, in hexadecimal. */
  hash: string;
  epochs: number;
  stepsPerEpoch: number;
  /** Steps of this stage that were done before; with `resumed`. */
  step?: number;
  /** How long it took, in all processes that worked on it; with `finished`. */
  seconds?: number;
  /** `early`: validation no longer improved, so fewer epochs than planned were trained; with `finished`. */
  ended?: 'early';
}

export interface ProgressEvent extends EventBase {
  type: 'progress';
  stage: string;
  role: Role;
  seed: number;
  /** Epochs and steps begun, counted from 1, of how many in this stage. */
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  samplesPerSecond: number;
  /** Seconds left in this stage and in the whole run, estimated. */
  etaSeconds: number;
  runEtaSeconds: number;
  /** Share of the whole run that is done, 0…1. */
  fraction: number;
}

/** One point of a curve. */
export interface MetricPoint {
  role: Role;
  seed: number;
  /**
   * `loss` (weighted total), `loss.<criterion>` (a term, unweighted; `loss.kd`, `loss.ce`; `loss.kd.2` when a criterion
   * stands twice), `rate` (learning rate), `gradient_norm`, `validation.errors`, `validation.accuracy`,
   * `validation.loss` (cross-entropy), `validation.agreement` (share of samples on which student and teacher choose alike).
   */
  series: string;
  /** Steps since the start of this role and seed, across its stages, counted from 1. */
  step: number;
  /** The same in epochs. */
  epoch: number;
  value: JsonNumber;
}

export interface MetricsEvent extends EventBase {
  type: 'metrics';
  points: MetricPoint[];
}

/** Everything that is measured of one role and seed on one split. Rates are 0…1, latencies milliseconds. */
export interface EvaluationEvent extends EventBase {
  type: 'evaluation';
  role: Role;
  seed: number;
  split: 'validation' | 'test';
  samples: number;
  errors: number;
  accuracy: number;
  /** Mean cross-entropy in nats. */
  loss: JsonNumber;
  /** Expected calibration error, 15 equal-width bins. */
  ece: number;
  /** Against the teacher; absent for the teacher. */
  agreement?: number;
  /** Mean KL(teacher ‖ student) at T = 1, in nats; absent for the teacher. */
  kl?: JsonNumber;
}

/** The chosen test images: ten, one of each class where there are ten. */
export interface SampleEvent extends EventBase {
  type: 'sample';
  /** Sent once, with the first logits. Bytes of the 8-bit grey or RGB image, row by row, in base64. */
  images?: { index: number; label: number; width: number; height: number; channels: 1 | 3; pixels: string }[];
  classNames?: string[];
  role: Role;
  seed: number;
  /** Epoch after which these logits were computed; across stages. */
  epoch: number;
  /** Logits, one row an image: `images.length × classes`. Softened in the dashboard by its temperature slider. */
  logits: JsonNumber[][];
}

export interface CheckpointEvent extends EventBase {
  type: 'checkpoint';
  role: Role;
  seed: number;
  stage: string;
  epoch: number;
  /** Relative to the run directory. */
  path: string;
  bytes: number;
}

/** What was read of the teacher's outputs that lie on disk, and what the teacher was asked for instead. */
export interface CacheEvent extends EventBase {
  type: 'cache';
  /** Absent where the outputs serve all stages and seeds: told when they are there. Otherwise told at the stage's end. */
  stage?: string;
  seed?: number;
  /** `used`: everything was read. `filled`: the teacher was asked for everything. `partly`: some of both. */
  state: 'filled' | 'used' | 'partly';
  /** Samples' outputs: `hits` were read, `misses` were asked for, and `rows` is both. */
  rows: number;
  hits: number;
  misses: number;
  /** `hits / rows`, 0…1. */
  hitRate: number;
  /** Of the file. */
  bytes: number;
  dtype: 'float32' | 'float16';
}

export interface LogEvent extends EventBase {
  type: 'log';
  level: 'info' | 'warning' | 'error';
  message: string;
}

/** Something that a person should know, at the place in the experiment file that causes it where that can be told. */
export interface ProblemEvent extends EventBase {
  type: 'problem';
  severity: 'error' | 'warning' | 'information';
  code: string;
  message: string;
  /** Counted from 1. */
  line?: number;
  column?: number;
  endLine?: number;
  endColumn?: number;
}

/** A wish to a live trainer, one JSON object a line in `commands.jsonl`. */
export interface RunCommand {
  command: 'stop-after-epoch' | 'stop-now' | 'checkpoint';
  time: string;
}
