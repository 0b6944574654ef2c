import type { ChildProcess } from 'node:child_process';
import * as tf from '@tensorflow/tfjs-core';
import type { RunContext } from '../runContext';
import type { AskedBatch, TeacherAnswers } from '../training/trainStage';
import type { FromWorker, WorkerTask } from './messages';
import { startWorker, tell } from './workerProcess';

/** So many batches are asked about before the student needs them. */
const ahead = 4;

/** A stage whose teacher is asked in another process. */
export interface TaughtStage {
  /** Its number in the experiment file, from 0, and the seed of the student. */
  stage: number;
  seed: number;
  /** All of the stage. */
  batches: number;
}

/**
 * A second process that asks the teacher about the next batches while this one trains the student on the current batch.
 * It makes the same pixels from the same seed and runs the same engine, so its answers are those of this process, to the
 * bit. Should it end, the teacher is asked here.
 */
export class TeacherAhead {
  private readonly child: ChildProcess;
  private readonly expected = new Map<string, { answer: Promise<Float32Array | null>; give: Give }>();
  private lost = false;

  constructor(
    private readonly context: Pick<RunContext, 'emit' | 'dataset'>,
    task: WorkerTask,
  ) {
    this.child = startWorker();
    // What nobody reads would in the end stop who writes it.
    this.child.stderr!.resume();
    this.child.on('message', (message: FromWorker) => {
      if (message.type === 'taught') this.expected.get(keyOf(message))?.give(message.logits);
      else if (message.type === 'failed') this.lose(message.message);
    });
    this.child.on('error', (error) => this.lose(error.message));
    this.child.once('exit', (code, signal) => this.lose(signal ?? `exit code ${code}`));
    tell(this.child, { type: 'begin', ...task });
  }

  /** @param here answers where the other process cannot. */
  answersFor(stage: TaughtStage, here: TeacherAnswers): TeacherAnswers {
    return { forBatch: (batch) => this.answer(stage, batch, here) };
  }

  close(): void {
    this.lost = true;
    this.child.removeAllListeners();
    this.child.kill('SIGKILL');
  }

  private async answer(
    { stage, seed, batches }: TaughtStage,
    batch: AskedBatch,
    here: TeacherAnswers,
  ): Promise<tf.Tensor2D> {
    for (let number = batch.number; number <= Math.min(batch.number + ahead, batches) && !this.lost; number++)
      this.ask({ stage, seed, number });
    const key = keyOf({ stage, seed, number: batch.number });
    const logits = await this.expected.get(key)?.answer;
    this.expected.delete(key);
    return logits
      ? tf.tensor2d(logits, [batch.indices.length, this.context.dataset.classes])
      : here.forBatch(batch);
  }

  private ask(asked: Asked): void {
    const key = keyOf(asked);
    if (this.expected.has(key)) return;
    let give: Give = () => undefined;
    const answer = new Promise<Float32Array | null>((resolve) => (give = resolve));
    this.expected.set(key, { answer, give });
    tell(this.child, { type: 'teach', ...asked });
  }

  private lose(reason: string): void {
    if (this.lost) return;
    this.lost = true;
    for (const { give } of this.expected.values()) give(null);
    this.context.emit({
      type: 'log',
      level: 'warning',
      message: `The process that asks the teacher ahead ended (${reason}). The run goes on without it, more slowly; its results are the same.`,
    });
  }
}

type Give = (logits: Float32Array | null) => void;

interface Asked {
  stage: number;
  seed: number;
  number: number;
}

function keyOf({ stage, seed, number }: Asked): string {
  return `${stage}/${seed}/${number}`;
}
