import type { ExperimentPath } from '../experiment/problems';
import type { ResolvedExperiment } from '../experiment/resolved';
import type { RunEventBody, SampleEvent } from '../runs/events';
import type { EngineId } from '../runs/manifest';
import type { RunControl } from './control';
import type { Split } from './data/split';
import type { Dataset } from './data/sources';
import type { ProgressMeter } from './progress';
import type { RepeatedPass } from './training/teacherOutputs';

/** What every part of one run needs. */
export interface RunContext {
  experiment: ResolvedExperiment;
  /** The run directory. */
  directory: string;
  /** The folder whose `.distillery` keeps trained teachers. */
  workspace: string;
  engine: EngineId;
  dataset: Dataset;
  split: Split;
  /** The samples that reach the student, for each seed: indices into the training samples. */
  transferSets: ReadonlyMap<number, Uint32Array>;
  validation: RepeatedPass;
  /** In the order of `validation`. */
  validationLabels: Uint8Array;
  /** The ten test images that the dashboard shows. Nothing is selected on them. */
  testImages: RepeatedPass;
  /** The images themselves, the first time it is called; then nothing. */
  takeImages(): Pick<SampleEvent, 'images' | 'classNames'>;
  /** Where a stage of distillation stands in the experiment file, by its number from 0. */
  stagePath(index: number): ExperimentPath;
  control: RunControl;
  progress: ProgressMeter;
  emit(event: RunEventBody): void;
}
