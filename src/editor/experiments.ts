import path from 'node:path';
import { distilleryFolder } from '../runs/paths';
import { experimentSuffix } from './contributions';

/** `hinton-mnist` of `…/hinton-mnist.distill.yaml`. */
export function experimentName(file: string): string {
  const name = path.basename(file);
  return name.endsWith(experimentSuffix) ? name.slice(0, -experimentSuffix.length) : name;
}

export function isExperimentFile(file: string): boolean {
  return path.basename(file).endsWith(experimentSuffix) && !isRunCopy(file);
}

/** The copy of an experiment inside a run directory: it is looked at, not run. */
export function isRunCopy(file: string): boolean {
  return path.normalize(file).split(path.sep).includes(distilleryFolder);
}
