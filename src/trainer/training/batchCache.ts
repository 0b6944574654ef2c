import fs from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { asStored, type CacheDtype } from './float16';
import { cacheKey, indicesHash, isFileError, TeacherCache } from './teacherCache';
import type { CachedTeacher, CacheSettings } from './teacherCache';
import type { CacheFile, CacheShape } from './teacherCacheFile';
import { pixelTensor } from './teacherOutputs';
import { StageBatches, stepsPerEpoch, type BatchedStage } from './stageBatches';
import type { AskedBatch, TeacherAnswers } from './trainStage';

/** A stage whose images are moved: every batch of it is another, but always the same one at the same number. */
export interface MovedStage extends BatchedStage {
  /** Unique in the run. */
  id: string;
}

/**
 * The teacher's outputs for every batch of a stage that moves its images. The first run keeps what the live teacher
 * answers while it trains; later ones read it, also what a run left that ended early. The student is given the same
 * numbers in either case, rounded as they are kept. One process fills a cache; another that trains the same stage at the
 * same time asks the teacher itself.
 *
 * @param live answers where nothing is kept.
 */
export async function openBatchCache(
  settings: CacheSettings,
  stage: MovedStage,
  live: TeacherAnswers,
): Promise<CachedTeacher> {
  const { precision } = settings;
  if (precision === 'off') return unkept(live, 'float32');
  const { name, seed, indices } = stage;
  const { batch, accumulate, epochs, augment } = stage.training;
  const shape: CacheShape = {
    key: cacheKey(settings, precision, {
      batches: { order: orderVersion, name, seed, batch, accumulate, epochs, augment },
      samples: indicesHash(indices),
    }),
    dtype: precision,
    classes: settings.dataset.classes,
    rows: stepsPerEpoch(stage) * epochs * accumulate * batch,
    rowsPerBlock: batch,
  };
  const cache = new TeacherCache(settings, shape, (rows) => askAgain(settings, stage, rows));
  if (!cache.fits()) return unkept(live, precision);
  try {
    const opened = await cache.openFinished();
    if (opened) {
      const whole = new Uint8Array(stepsPerEpoch(stage) * epochs * accumulate).fill(1);
      return new BatchOutputs(cache, stage, live, { ...opened, whole, part: null });
    }
    await cache.folder.makeRoom(cache.size, shape.key);
    const claim = await cache.folder.claim(shape.key);
    if (!claim) return await openBatchCache(settings, stage, live);
    if ('filledBy' in claim) return unkept(live, precision);
    const { part } = claim;
    return new BatchOutputs(cache, stage, live, {
      ...(await cache.openPart(part)),
      part,
      release: () => undefined,
    });
  } catch (error) {
    cache.cannotKeep(error);
    return unkept(live, precision);
  }
}

/** Outputs that nobody keeps, rounded as if they were. */
export function unkept(live: TeacherAnswers, dtype: CacheDtype): CachedTeacher {
  return {
    has: () => false,
    forBatch: async (batch) => toStored(await live.forBatch(batch), dtype),
    close: () => undefined,
  };
}

/** Counts changes of how a stage's batches are drawn from its seed. */
const orderVersion = 1;

interface OpenCache {
  file: CacheFile;
  /** For each batch, counted from 0, whether it is there. */
  whole: Uint8Array;
  /** The file's name while it is filled by this process; null for a finished one. */
  part: string | null;
  release: () => void;
}

class BatchOutputs implements CachedTeacher {
  private hits = 0;
  private misses = 0;
  private readonly dtype: CacheDtype;

  constructor(
    private readonly cache: TeacherCache,
    private readonly stage: MovedStage,
    private readonly live: TeacherAnswers,
    private open: OpenCache | null,
  ) {
    this.dtype = cache.shape.dtype;
  }

  has(number: number): boolean {
    return this.open?.whole[number - 1] === 1;
  }

  async forBatch(batch: AskedBatch): Promise<tf.Tensor2D> {
    const kept = this.read(batch.number);
    if (kept) {
      this.hits += batch.indices.length;
      return tf.tensor2d(kept, [batch.indices.length, this.cache.shape.classes]);
    }
    const logits = await this.live.forBatch(batch);
    this.misses += batch.indices.length;
    if (this.open?.part) this.write(batch.number, (await logits.data()) as Float32Array);
    return toStored(logits, this.dtype);
  }

  close(): void {
    const { open, cache, hits, misses, stage } = this;
    if (!open) return;
    this.open = null;
    const bytes = open.file.size();
    try {
      const { part } = open;
      const finished = part !== null && !open.whole.includes(0);
      if (finished) open.file.sync();
      open.file.close();
      open.release();
      if (finished) cache.folder.finish(cache.shape.key, part);
      else if (part !== null) cache.folder.release(cache.shape.key, part);
    } catch (error) {
      cache.cannotKeep(error);
    }
    if (hits + misses > 0) cache.used(hits, misses, bytes, { stage: stage.id, seed: stage.seed });
  }

  /** @returns null where the teacher has to be asked. */
  private read(number: number): Float32Array | null {
    const { open } = this;
    if (!open?.whole[number - 1]) return null;
    let rows: Float32Array | null = null;
    try {
      rows = open.file.block(number - 1);
    } catch (error) {
      if (!isFileError(error)) throw error;
    }
    if (!rows) this.drop((path) => this.cache.tell('damaged', path));
    return rows;
  }

  private write(number: number, values: Float32Array): void {
    try {
      this.open!.file.write(number - 1, values);
      this.open!.whole[number - 1] = 1;
    } catch (error) {
      this.drop(() => this.cache.cannotKeep(error));
    }
  }

  /** Goes on without the file. */
  private drop(tell: (path: string) => void): void {
    const { file, release } = this.open!;
    this.open = null;
    file.close();
    release();
    fs.rmSync(file.path, { force: true });
    tell(file.path);
  }
}

/** The rounded logits in place of the ones that it is given, which it disposes where they are others. */
async function toStored(logits: tf.Tensor2D, dtype: CacheDtype): Promise<tf.Tensor2D> {
  if (dtype === 'float32') return logits;
  const values = asStored((await logits.data()) as Float32Array, dtype);
  const stored = tf.tensor2d(values, logits.shape);
  logits.dispose();
  return stored;
}

/** Makes the images of some rows again, and asks the teacher about them. */
async function askAgain(
  { dataset, teacher, between }: CacheSettings,
  stage: MovedStage,
  rows: readonly number[],
): Promise<Float32Array> {
  const { batch } = stage.training;
  const batches = new StageBatches(dataset, stage);
  const size = dataset.height * dataset.width * dataset.channels;
  const pixels = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) {
    const first = (row % batch) * size;
    const made = batches.at(Math.floor(row / batch) + 1).pixels;
    pixels.set(made.subarray(first, first + size), i * size);
    await between();
  }
  const images = pixelTensor(dataset, pixels);
  const logits = teacher.predict(images);
  const values = (await logits.data()) as Float32Array;
  tf.dispose([images, logits]);
  return values;
}
