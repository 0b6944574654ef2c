import type { ExperimentPath } from '../../experiment/problems';
import type { RunCommand, RunEventBody } from '../../runs/events';
import type { EngineId } from '../../runs/manifest';
import type { Logits } from '../evaluation/metrics';
import type { ExitCode } from '../failures';
import type { StudentJob } from '../plan';
import type { Progress } from '../progress';

/** From the process that leads a run to one that trains for it. */
export type ToWorker =
  | ({ type: 'begin' } & WorkerTask)
  /** `resumes`: from the last checkpoint, where there is one. */
  | { type: 'job'; job: StudentJob; resumes: boolean }
  /** What does the teacher say of a batch of a stage? Numbers from 0 and from 1. */
  | { type: 'teach'; stage: number; seed: number; number: number }
  | { type: 'ask'; wish: RunCommand['command'] }
  /** Everything that the worker emitted before its `settle` has been written. */
  | { type: 'settled' };

/** What a worker needs to know of its run; the rest it reads from the run directory and the data. */
export interface WorkerTask {
  directory: string;
  workspace: string;
  /** The experiment file, and the text that is run. */
  file: string;
  text: string;
  seeds: number[];
  mnist: string | undefined;
  engine: EngineId;
  searchFrom: string[];
  /** The teacher's logits on the validation samples; its weights stand in the run directory. */
  onValidation: Logits;
}

export type FromWorker =
  /** It waits for a job. */
  | { type: 'ready' }
  | { type: 'event'; event: RunEventBody }
  /** Calls of `Progress`; `step` is 0 where it means nothing. */
  | { type: 'progress'; what: keyof Progress; stage: string; step: number }
  | { type: 'settle' }
  /** The job is done and its model is saved. */
  | { type: 'done'; job: StudentJob; bytes: number }
  | { type: 'taught'; stage: number; seed: number; number: number; logits: Float32Array }
  | { type: 'stopped'; how: 'after-epoch' | 'now' }
  | { type: 'failed'; exitCode: ExitCode; code: string; message: string; path: ExperimentPath | undefined };
