import { isSeq } from 'yaml';
import type { ExperimentPath } from '../experiment/problems';
import type { ResolvedExperiment } from '../experiment/resolved';
import type { RunEventBody, SampleEvent } from '../runs/events';
import type { EngineId } from '../runs/manifest';
import type { RunControl } from './control';
import type { Split } from './data/split';
import type { Dataset } from './data/sources';
import type { Prepared } from './prepare';
import type { Progress } from './progress';
import { chooseTestImages, imagesOf } from './testImages';
import { RepeatedPass } from './training/teacherOutputs';

/** What every part of one run needs, in the process that leads it and in those that train for it. */
export interface RunContext {
  experiment: ResolvedExperiment;
  /** The run directory. */
  directory: string;
  /** The folder whose `.distillery` keeps trained teachers and their outputs. */
  workspace: string;
  engine: EngineId;
  /** Training goes on from the checkpoints of an earlier process, where there are some. */
  resumes: boolean;
  dataset: Dataset;
  split: Split;
  /** The samples that reach the student, for each seed: indices into the training samples. */
  transferSets: ReadonlyMap<number, Uint32Array>;
  validation: RepeatedPass;
  /** In the order of `validation`. */
  validationLabels: Uint8Array;
  /** The ten test images that the dashboard shows. Nothing is selected on them. */
  testImages: RepeatedPass;
  /** The images themselves, the first time it is called in a run; then nothing. */
  takeImages(): Pick<SampleEvent, 'images' | 'classNames'>;
  /** Where a stage of distillation stands in the experiment file, by its number from 0. */
  stagePath(index: number): ExperimentPath;
  control: RunControl;
  progress: Progress;
  emit: (event: RunEventBody) => void;
  /** Resolves when everything that was emitted has been written. @throws {RunDirectoryError} */
  settle(): Promise<void>;
}

/** What differs between the process that leads a run and one that trains for it. */
export type Surroundings = Pick<
  RunContext,
  'directory' | 'workspace' | 'engine' | 'resumes' | 'control' | 'progress' | 'emit' | 'settle'
>;

/** @param showsImages whether this process sends the test images, once. */
export function createContext(
  { parsed, experiment, dataset, split, transferSets }: Prepared,
  surroundings: Surroundings,
  showsImages: boolean,
): RunContext {
  const testImages = chooseTestImages(dataset);
  let imagesLeft = showsImages;
  return {
    ...surroundings,
    experiment,
    dataset,
    split,
    transferSets,
    validation: new RepeatedPass(dataset, dataset.train, split.validation),
    validationLabels: Uint8Array.from(split.validation, (index) => dataset.train.labels[index]!),
    testImages: new RepeatedPass(dataset, dataset.test, testImages),
    takeImages: () => {
      if (!imagesLeft) return {};
      imagesLeft = false;
      return { images: imagesOf(dataset, testImages), classNames: dataset.classNames };
    },
    stagePath: (index) => (isSeq(parsed.source.nodeAt(['distill'])) ? ['distill', index] : ['distill']),
  };
}
