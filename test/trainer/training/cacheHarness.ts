import fs from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { RunEventBody } from '../../../src/runs/events';
import type { Model } from '../../../src/trainer/models/model';
import type { CachedTeacher, CacheSettings } from '../../../src/trainer/training/teacherCache';
import { CacheFolder } from '../../../src/trainer/training/teacherCacheFolder';
import { tinyDataset } from '../fixtures/dataset';
import { listen } from './harness';

/** So many samples that their outputs are three blocks: 500, 500 and 203. */
export const many = tinyDataset({ train: 1203, classes: 3 });
export const all = Uint32Array.from({ length: 1203 }, (_, i) => i);

/** Settings for a workspace, with what was told and how often the teacher was asked. */
export interface CacheHarness {
  settings: CacheSettings;
  events: RunEventBody[];
  /** Samples in each question to the teacher. */
  asked: number[];
}

export function cacheHarness(
  workspace: string,
  model: Pick<Model, 'predict'>,
  changes: Partial<CacheSettings> = {},
): CacheHarness {
  const events: RunEventBody[] = [];
  const asked: number[] = [];
  const predict = (x: tf.Tensor) => (asked.push(x.shape[0]), model.predict(x));
  const settings: CacheSettings = {
    workspace,
    precision: 'float32',
    engine: 'wasm',
    teacherHash: 'teacher',
    teacher: { predict },
    dataset: many,
    emit: (event) => events.push(event),
    between: listen,
    ...changes,
  };
  return { settings, events, asked };
}

/** The rows of some samples, as a student is given them. */
export async function rowsOf(outputs: CachedTeacher, indices: Uint32Array = all): Promise<Float32Array> {
  const pixels = tf.zeros<tf.Rank.R4>([indices.length, 6, 4, 1]);
  const logits = await outputs.forBatch({ number: 1, indices, pixels });
  const values = Float32Array.from(await logits.data());
  tf.dispose([pixels, logits]);
  return values;
}

export const problems = (events: RunEventBody[]) =>
  events.flatMap((event) => (event.type === 'problem' ? [event.code] : []));

export const uses = (events: RunEventBody[]) =>
  events.flatMap((event) => {
    if (event.type !== 'cache') return [];
    const { type: _type, ...use } = event;
    return [use];
  });

export const cacheFiles = (workspace: string) => fs.readdirSync(new CacheFolder(workspace, 0).path).sort();
