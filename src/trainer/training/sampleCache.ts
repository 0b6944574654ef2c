import fs from 'node:fs';
import { asStored, type CacheDtype } from './float16';
import type { Logits } from '../evaluation/metrics';
import { unkept } from './batchCache';
import { cacheKey, cacheLimits, indicesHash, TeacherCache, isFileError } from './teacherCache';
import type { CachedTeacher, CacheSettings } from './teacherCache';
import { blockCount, rowsIn, rowsInBytes, type CacheFile, type CacheShape } from './teacherCacheFile';
import { answersByRow, answersBySample, liveTeacher, logitsOf, pieceSize } from './teacherOutputs';

/**
 * The teacher's outputs for training samples that are not moved: asked once, kept by sample, read in every later run and
 * process. While another process fills the same cache this one waits, as both would ask for the same. Where nothing can
 * be kept on disk, the outputs are held in memory; where they are too many for that, the teacher is asked at every step.
 *
 * @param samples indices into the training samples: all that any student learns from.
 * @param onProgress is told how many samples' outputs are there, of how many.
 */
export async function openSampleCache(
  settings: CacheSettings,
  samples: Iterable<number>,
  onProgress: (done: number, total: number) => void,
): Promise<CachedTeacher> {
  const indices = Uint32Array.from(new Set(samples)).sort();
  const { precision, dataset } = settings;
  const asked = (rows: Uint32Array) =>
    logitsOf(settings.teacher, dataset, dataset.train, rows, settings.between);
  if (precision === 'off') return inMemory(settings, indices, 'float32', onProgress);
  const shape: CacheShape = {
    key: cacheKey(settings, precision, { samples: indicesHash(indices) }),
    dtype: precision,
    classes: dataset.classes,
    rows: indices.length,
    rowsPerBlock: pieceSize,
  };
  const cache = new TeacherCache(settings, shape, async (rows) => {
    return (await asked(Uint32Array.from(rows, (row) => indices[row]!))).values;
  });
  if (!cache.fits()) return inMemory(settings, indices, precision, onProgress);
  try {
    const outputs = await onDisk(settings, cache, indices, onProgress);
    if (outputs) return outputs;
  } catch (error) {
    cache.cannotKeep(error);
  }
  return inMemory(settings, indices, precision, onProgress);
}

/** @returns null when what was just kept cannot be read again. @throws the error of the file system */
async function onDisk(
  settings: CacheSettings,
  cache: TeacherCache,
  indices: Uint32Array,
  onProgress: (done: number, total: number) => void,
): Promise<CachedTeacher | null> {
  const { shape, folder } = cache;
  const patience = new Patience();
  let asked: number | null = null;
  for (;;) {
    const opened = await cache.openFinished();
    if (opened) {
      onProgress(shape.rows, shape.rows);
      cache.used(shape.rows - (asked ?? 0), asked ?? 0, opened.file.size());
      return fromFile(settings, cache, opened, indices);
    }
    if (asked !== null) return null;
    await folder.makeRoom(cache.size, shape.key);
    const claim = await folder.claim(shape.key, patience.isOver);
    if (!claim) continue;
    if ('part' in claim) {
      asked = await fill(settings, cache, claim.part, indices, onProgress);
      continue;
    }
    const stat = fs.statSync(claim.filledBy, { throwIfNoEntry: false });
    if (stat) onProgress(rowsInBytes(shape, stat.size), shape.rows);
    await patience.wait(stat?.mtimeMs ?? 0);
    await settings.between();
  }
}

/** Asks for what is missing in a part and makes it the cache. @returns how many samples the teacher was asked about */
async function fill(
  settings: CacheSettings,
  cache: TeacherCache,
  part: string,
  indices: Uint32Array,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  const { shape, folder } = cache;
  const { teacher, dataset, between } = settings;
  const { file, whole } = await cache.openPart(part);
  let [asked, done] = [0, 0];
  try {
    for (let block = 0; block < blockCount(shape); block++) {
      const rows = rowsIn(shape, block);
      done += rows;
      if (!whole[block]) {
        const first = block * shape.rowsPerBlock;
        const piece = indices.subarray(first, first + rows);
        file.write(block, (await logitsOf(teacher, dataset, dataset.train, piece, noPause)).values);
        asked += rows;
        await between();
      }
      onProgress(done, shape.rows);
    }
    file.sync();
  } catch (error) {
    file.close();
    cache.abandon(part, error);
    throw error;
  }
  file.close();
  folder.finish(shape.key, part);
  return asked;
}

/** Holds the rows; where they are too many for that, reads those of every batch from the file. */
function fromFile(
  settings: CacheSettings,
  cache: TeacherCache,
  { file, release }: { file: CacheFile; release: () => void },
  indices: Uint32Array,
): CachedTeacher {
  const { shape } = cache;
  const { limits = cacheLimits } = settings;
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    file.close();
    release();
  };
  if (bytesInMemory(shape) > limits.memory) {
    const kept = answersByRow(indices, shape.classes, (row) => file.rows(row, 1));
    const asked = unkept(liveTeacher(settings.teacher), shape.dtype);
    const forBatch: CachedTeacher['forBatch'] = (batch) => {
      if (!open) return asked.forBatch(batch);
      try {
        return kept.forBatch(batch);
      } catch (error) {
        if (!isFileError(error)) throw error;
        close();
        cache.tell('damaged', file.path);
        fs.rmSync(file.path, { force: true });
        return asked.forBatch(batch);
      }
    };
    return { has: () => open, forBatch, close };
  }
  const values = new Float32Array(shape.rows * shape.classes);
  try {
    for (let block = 0; block < blockCount(shape); block++) {
      const first = block * shape.rowsPerBlock;
      values.set(file.rows(first, rowsIn(shape, block)), first * shape.classes);
    }
  } finally {
    close();
  }
  return held(indices, { classes: shape.classes, values });
}

async function inMemory(
  settings: CacheSettings,
  indices: Uint32Array,
  dtype: CacheDtype,
  onProgress: (done: number, total: number) => void,
): Promise<CachedTeacher> {
  const { teacher, dataset, limits = cacheLimits } = settings;
  const { classes } = dataset;
  if (bytesInMemory({ rows: indices.length, classes }) > limits.memory)
    return unkept(liveTeacher(teacher), dtype);
  let done = 0;
  const between = () => {
    done = Math.min(done + pieceSize, indices.length);
    onProgress(done, indices.length);
    return settings.between();
  };
  const { values } = await logitsOf(teacher, dataset, dataset.train, indices, between);
  return held(indices, { classes, values: asStored(values, dtype) });
}

function held(indices: Uint32Array, logits: Pick<Logits, 'classes' | 'values'>): CachedTeacher {
  return { ...answersBySample(indices, logits), has: () => true, close: () => undefined };
}

/** Waits for another process as long as it gets on with its file. */
class Patience {
  private changed = performance.now();
  private last = 0;

  get isOver(): boolean {
    return performance.now() - this.changed > patienceMilliseconds;
  }

  async wait(modified: number): Promise<void> {
    if (modified !== this.last) this.changed = performance.now();
    this.last = modified;
    await new Promise((resolve) => setTimeout(resolve, lookMilliseconds));
  }
}

/** Longer than any teacher takes for one piece; after it, the other process is taken for one that was halted. */
const patienceMilliseconds = 30_000;
const lookMilliseconds = 100;

/** Between asking and writing nothing may stop the run: what was asked would be lost. */
const noPause = () => Promise.resolve();

function bytesInMemory({ rows, classes }: Pick<CacheShape, 'rows' | 'classes'>): number {
  return rows * classes * Float32Array.BYTES_PER_ELEMENT;
}
