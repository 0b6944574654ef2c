import * as tf from '@tensorflow/tfjs-core';
import { inPieces, makeBatch } from '../data/batches';
import type { Dataset, Samples } from '../data/sources';
import type { Logits } from '../evaluation/metrics';
import type { Model } from '../models/model';
import type { TeacherAnswers } from './trainStage';

/** Samples that pass through a model at once where nothing is trained. */
export const pieceSize = 500;

/**
 * Logits of a model in evaluation mode, one row a sample, in the order of `indices`.
 *
 * @param between is awaited between pieces, so that commands are heard during long passes.
 */
export async function logitsOf(
  model: Pick<Model, 'predict'>,
  dataset: Dataset,
  samples: Samples,
  indices: Uint32Array,
  between: () => Promise<void>,
): Promise<Logits> {
  const { classes } = dataset;
  const values = new Float32Array(indices.length * classes);
  let row = 0;
  for (const piece of inPieces(indices, pieceSize)) {
    const pixels = pixelTensor(dataset, makeBatch(dataset, samples, piece).pixels);
    values.set(await predictRows(model, pixels), row * classes);
    pixels.dispose();
    row += piece.length;
    await between();
  }
  return { classes, values };
}

/** The same samples passed again and again, as validation does every epoch: their tensors stay in the engine. */
export class RepeatedPass {
  private readonly pieces: tf.Tensor4D[];

  constructor(
    private readonly dataset: Dataset,
    samples: Samples,
    indices: Uint32Array,
  ) {
    this.pieces = [...inPieces(indices, pieceSize)].map((piece) =>
      pixelTensor(dataset, makeBatch(dataset, samples, piece).pixels),
    );
  }

  async logits(model: Model, between: () => Promise<void>): Promise<Logits> {
    const rows: Float32Array[] = [];
    for (const piece of this.pieces) {
      rows.push(await predictRows(model, piece));
      await between();
    }
    const values = new Float32Array(rows.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of rows) {
      values.set(part, offset);
      offset += part.length;
    }
    return { classes: this.dataset.classes, values };
  }

  dispose(): void {
    tf.dispose(this.pieces);
  }
}

/** The teacher asked at every step, about the very pixels that the student sees. */
export function liveTeacher(model: Pick<Model, 'predict'>): TeacherAnswers {
  return { forBatch: ({ pixels }) => model.predict(pixels) };
}

/** The teacher asked once about every sample; its rows are held in memory by the sample's index. */
export async function askedOnce(
  model: Pick<Model, 'predict'>,
  dataset: Dataset,
  indices: Uint32Array,
  between: () => Promise<void>,
): Promise<TeacherAnswers> {
  const ascending = indices.slice().sort();
  return answersBySample(ascending, await logitsOf(model, dataset, dataset.train, ascending, between));
}

/** @param indices ascending. @param logits one row for each of them. */
export function answersBySample(
  indices: Uint32Array,
  { classes, values }: Pick<Logits, 'classes' | 'values'>,
): TeacherAnswers {
  return answersByRow(indices, classes, (row) => values.subarray(row * classes, (row + 1) * classes));
}

/** As `answersBySample`, with rows that come from anywhere. */
export function answersByRow(
  indices: Uint32Array,
  classes: number,
  rowOf: (row: number) => Float32Array,
): TeacherAnswers {
  return {
    forBatch: (batch) => {
      const values = new Float32Array(batch.indices.length * classes);
      batch.indices.forEach((index, i) => values.set(rowOf(positionOf(index, indices)), i * classes));
      return tf.tensor2d(values, [batch.indices.length, classes]);
    },
  };
}

export function pixelTensor({ height, width, channels }: Dataset, pixels: Float32Array): tf.Tensor4D {
  return tf.tensor4d(pixels, [pixels.length / (height * width * channels), height, width, channels]);
}

async function predictRows(model: Pick<Model, 'predict'>, pixels: tf.Tensor4D): Promise<Float32Array> {
  const logits = tf.tidy(() => model.predict(pixels));
  const rows = (await logits.data()) as Float32Array;
  logits.dispose();
  return rows;
}

/** @throws an Error when the index is not among the ascending ones. */
function positionOf(index: number, indices: Uint32Array): number {
  let [low, high] = [0, indices.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (indices[middle]! < index) low = middle + 1;
    else high = middle;
  }
  if (indices[low] !== index) throw new Error(`The teacher was not asked about training sample ${index}.`);
  return low;
}
