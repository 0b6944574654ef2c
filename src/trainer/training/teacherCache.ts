import { createHash, randomInt } from 'node:crypto';
import fs from 'node:fs';
import { contentHash } from '../../experiment/hash';
import type { TeacherCachePrecision } from '../../experiment/resolved';
import type { RunEventBody } from '../../runs/events';
import type { EngineId } from '../../runs/manifest';
import { fileProblem } from '../../runs/runDirectoryError';
import type { Dataset } from '../data/sources';
import type { Model } from '../models/model';
import { randomFor, type Random } from '../random';
import type { CacheDtype } from './float16';
import { agrees, checkedRows, spread } from './teacherCacheCheck';
import { CacheFile, cacheFormat, rowsIn, sizeOf, type CacheShape } from './teacherCacheFile';
import { CacheFolder } from './teacherCacheFolder';
import type { TeacherAnswers } from './trainStage';

/** What a run gives its caches. */
export interface CacheSettings {
  /** The folder whose `.distillery` keeps caches. */
  workspace: string;
  precision: TeacherCachePrecision;
  engine: EngineId;
  /** Content hash of everything that decides the teacher's weights. */
  teacherHash: string;
  teacher: Pick<Model, 'predict'>;
  dataset: Dataset;
  emit: (event: RunEventBody) => void;
  /** Is awaited while much is read or asked, so that commands are heard. */
  between: () => Promise<void>;
  limits?: CacheLimits;
}

/** Bytes. */
export interface CacheLimits {
  /** A cache that is larger than this is not held in memory. */
  memory: number;
  /** What all caches of a workspace may take together; a larger one is not kept. */
  disk: number;
}

export const cacheLimits: CacheLimits = { memory: 64 * 1024 ** 2, disk: 2 * 1024 ** 3 };

/** A teacher whose outputs may lie on disk. `close` must be called when the student is done with it. */
export interface CachedTeacher extends TeacherAnswers {
  /** Whether the outputs of a batch, counted from 1 in the stage, are there without asking the teacher. */
  has(number: number): boolean;
  close(): void;
}

/** How pixels reach the teacher; changes when the same samples would give it other numbers. */
const preprocessing = { scale: '1/255', version: 1 };

/** The one cache that a key names, with what has to be told about it. */
export class TeacherCache {
  readonly folder: CacheFolder;
  private readonly limits: CacheLimits;

  /** @param liveRows asks the live teacher about rows of the cache, by their numbers, ascending. */
  constructor(
    private readonly settings: CacheSettings,
    readonly shape: CacheShape,
    private readonly liveRows: (rows: readonly number[]) => Promise<Float32Array>,
  ) {
    this.limits = settings.limits ?? cacheLimits;
    this.folder = new CacheFolder(settings.workspace, this.limits.disk);
  }

  /** Bytes of the finished file. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Whether the workspace may keep it; tells people where not. */
  fits(): boolean {
    const { size } = this;
    if (size <= this.limits.disk) return true;
    this.problem(
      'information',
      'too_large',
      `All outputs of the teacher would take ${gigabytes(size)}, more than the ${gigabytes(this.limits.disk)} that are kept, so the teacher is asked in every run.`,
    );
    return false;
  }

  /**
   * Opens the finished cache, after checking every byte and comparing some rows with the live teacher. One that does not
   * hold what it should is removed, and people are told.
   *
   * @returns null when there is none that can be used. @throws the error of the file system
   */
  async openFinished(): Promise<{ file: CacheFile; release: () => void } | null> {
    const path = this.folder.finished(this.shape.key);
    if (!fs.existsSync(path)) return null;
    const release = await this.folder.use(this.shape.key);
    let file: CacheFile | null = null;
    try {
      file = CacheFile.read(path, this.shape);
      const fault = await this.faultOf(file);
      if (file && !fault) return { file, release };
      fs.rmSync(path, { force: true });
      if (fault) this.tell(fault, path);
    } catch (error) {
      file?.close();
      release();
      // Another process needed the room in this moment.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    file?.close();
    release();
    return null;
  }

  /**
   * Opens a part to fill it. What is whole in it and agrees with the live teacher is kept.
   *
   * @returns the file, and for each block whether it is there. @throws the error of the file system
   */
  async openPart(part: string): Promise<{ file: CacheFile; whole: Uint8Array }> {
    const file = CacheFile.fill(part, this.shape);
    try {
      const whole = await file.check(this.settings.between);
      if (await this.agreesWithTeacher(file, whole)) return { file, whole };
      this.tell('mismatch', part);
      file.empty();
      return { file, whole: whole.fill(0) };
    } catch (error) {
      file.close();
      this.abandon(part, error);
      throw error;
    }
  }

  /** Gives up a part: what a stop left is of use to the next run, but a disk that is full needs the room. */
  abandon(part: string, reason: unknown): void {
    try {
      if (isFileError(reason)) fs.rmSync(part, { force: true });
      else this.folder.release(this.shape.key, part);
    } catch {
      // What it is given up for is what people have to hear.
    }
  }

  /** Tells what was read and what was asked. */
  used(hits: number, misses: number, bytes: number, of?: { stage: string; seed: number }): void {
    const rows = hits + misses;
    this.settings.emit({
      type: 'cache',
      ...of,
      state: misses === 0 ? 'used' : hits === 0 ? 'filled' : 'partly',
      rows,
      hits,
      misses,
      hitRate: hits / rows,
      bytes,
      dtype: this.shape.dtype,
    });
  }

  tell(fault: Fault, path: string): void {
    this.problem('warning', fault, faults[fault](path));
  }

  /** Tells that outputs cannot be kept. @throws the error itself when it is not one of the file system. */
  cannotKeep(error: unknown): void {
    if (!isFileError(error)) throw error;
    this.problem(
      'warning',
      'unwritable',
      `The teacher's outputs cannot be kept in ${this.folder.path} (${fileProblem(error)}). The run goes on and asks the teacher instead, which takes longer; its results are the same.`,
    );
  }

  private async faultOf(file: CacheFile | null): Promise<Fault | null> {
    if (!file) return 'damaged';
    const whole = await file.check(this.settings.between);
    if (whole.includes(0)) return 'damaged';
    return (await this.agreesWithTeacher(file, whole)) ? null : 'mismatch';
  }

  private async agreesWithTeacher(file: CacheFile, whole: Uint8Array): Promise<boolean> {
    const rows = presentRows(this.shape, whole, randomFor(randomInt(2 ** 32), 'teacher cache'));
    if (rows.length === 0) return true;
    const { classes, dtype } = this.shape;
    const stored = new Float32Array(rows.length * classes);
    rows.forEach((row, i) => stored.set(file.rows(row, 1), i * classes));
    return agrees(stored, await this.liveRows(rows), dtype);
  }

  private problem(severity: 'warning' | 'information', code: string, message: string): void {
    this.settings.emit({ type: 'problem', severity, code: `teacher.cache.${code}`, message });
  }
}

/** The key of a cache. @param rows what its rows are, besides whose outputs they are. */
export function cacheKey(settings: CacheSettings, dtype: CacheDtype, rows: Record<string, unknown>): string {
  const { teacherHash: teacher, dataset, engine } = settings;
  const { hash: data, classes } = dataset;
  return contentHash({ cacheFormat, teacher, data, classes, preprocessing, engine, dtype, rows });
}

export function indicesHash(indices: Uint32Array): string {
  return createHash('sha256').update(indices).digest('hex');
}

export function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

type Fault = 'damaged' | 'mismatch';

const faults: Record<Fault, (path: string) => string> = {
  damaged: (path) =>
    `The kept outputs of the teacher (${path}) are damaged. They were removed, and the teacher is asked again; nothing is lost.`,
  mismatch: (path) =>
    `The kept outputs of the teacher (${path}) are not what the teacher answers now. They were removed, and the teacher is asked again. Should this come back, write "cache: off" under "teacher".`,
};

/** Rows to compare, spread over those that are there. */
function presentRows(shape: CacheShape, whole: Uint8Array, random: Random): number[] {
  const present = whole.reduce((sum, there, block) => sum + (there ? rowsIn(shape, block) : 0), 0);
  const rows: number[] = [];
  let [block, before] = [0, 0];
  for (const position of spread(present, checkedRows, random)) {
    while (!whole[block] || before + rowsIn(shape, block) <= position) {
      if (whole[block]) before += rowsIn(shape, block);
      block++;
    }
    rows.push(block * shape.rowsPerBlock + position - before);
  }
  return rows;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}
