import * as tf from '@tensorflow/tfjs-core';
import { inPieces, makeBatch } from '../data/batches';
import type { Dataset, Samples } from '../data/sources';
import type { Logits } from '../evaluation/metrics';
import type { Model } from '../models/model';

/** Samples that pass through a model at once where nothing is trained. */
const pieceSize = 500;

/**
 * Logits of a model in evaluation mode, one row a sample, in the order of `indices`.
 *
 * @param between is awaited between pieces, so that commands are heard during long passes.
 */
export async function logitsOf(
  model: Model,
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

/**
 * What a student is given of its teacher at every step. Where images are not changed at random, the teacher is asked
 * once for every sample and its rows are kept by the sample's index; where they are, it sees the very pixels that the
 * student sees.
 */
export class TeacherOutputs {
  private readonly rows = new Map<number, number>();

  private constructor(
    private readonly teacher: Model,
    private readonly cached: Logits | null,
    indices: Uint32Array,
  ) {
    if (cached) indices.forEach((index, row) => this.rows.set(index, row));
  }

  static async cachedFor(
    teacher: Model,
    dataset: Dataset,
    indices: Uint32Array,
    between: () => Promise<void>,
  ): Promise<TeacherOutputs> {
    const logits = await logitsOf(teacher, dataset, dataset.train, indices, between);
    return new TeacherOutputs(teacher, logits, indices);
  }

  static live(teacher: Model): TeacherOutputs {
    return new TeacherOutputs(teacher, null, new Uint32Array());
  }

  /** `batch × classes`; the caller disposes it. Never called inside a gradient tape: the teacher is a constant. */
  forBatch(indices: Uint32Array, pixels: tf.Tensor4D): tf.Tensor2D {
    if (!this.cached) return tf.tidy(() => this.teacher.predict(pixels));
    const { classes, values } = this.cached;
    const batch = new Float32Array(indices.length * classes);
    indices.forEach((index, i) => {
      const row = this.rows.get(index);
      if (row === undefined) throw new Error(`The teacher was not asked about training sample ${index}.`);
      batch.set(values.subarray(row * classes, (row + 1) * classes), i * classes);
    });
    return tf.tensor2d(batch, [indices.length, classes]);
  }
}

export function pixelTensor({ height, width, channels }: Dataset, pixels: Float32Array): tf.Tensor4D {
  return tf.tensor4d(pixels, [pixels.length / (height * width * channels), height, width, channels]);
}

async function predictRows(model: Model, pixels: tf.Tensor4D): Promise<Float32Array> {
  const logits = tf.tidy(() => model.predict(pixels));
  const rows = (await logits.data()) as Float32Array;
  logits.dispose();
  return rows;
}
