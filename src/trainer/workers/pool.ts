import type { ChildProcess } from 'node:child_process';
import { crashName, noteEnd } from '../../native/crashes';
import { distilleryHome } from '../../native/home';
import { StopRequested } from '../control';
import type { TrainedModel } from '../distillation';
import { exitCodes, RunFailure } from '../failures';
import type { StudentJob } from '../plan';
import type { RunContext } from '../runContext';
import type { FromWorker, ToWorker, WorkerTask } from './messages';
import { startWorker, tell } from './workerProcess';

const listenMilliseconds = 50;
/** A worker that was asked to stop writes a checkpoint first; one that takes longer than this is ended. */
const patienceMilliseconds = 30_000;
/** A job whose process died is tried once more, from its last checkpoint. */
const attemptsPerJob = 2;
const fewerCure = 'If the machine ran out of memory, use a smaller batch or run with --workers 1.';

/**
 * Trains students in several processes at once. Each job's numbers are those that it would have in this process, because
 * nothing that decides them is shared; only the order in which events of different jobs stand in the run differs.
 *
 * @param count of processes, at most one for each job.
 * @returns in the order of `jobs`.
 * @throws {StopRequested} when the run is to stop; {RunFailure} of the first job that fails. No worker is alive then.
 */
export async function trainInWorkers(
  context: RunContext,
  jobs: readonly StudentJob[],
  count: number,
  task: WorkerTask,
): Promise<TrainedModel[]> {
  const pool = new Pool(context, jobs, task);
  return pool.run(Math.min(count, jobs.length));
}

interface WorkerProcess {
  child: ChildProcess;
  job: StudentJob | null;
  /** The end of what it printed on the standard error. */
  complaints: string;
}

class Pool {
  private readonly waiting: { job: StudentJob; attempt: number }[];
  private readonly attempts = new Map<StudentJob, number>();
  private readonly trained = new Map<string, TrainedModel>();
  private readonly workers = new Set<WorkerProcess>();
  private end: StopRequested | RunFailure | Error | null = null;
  private stopping = false;
  /** Processes that ended before they had a job. */
  private stillborn = 0;

  constructor(
    private readonly context: RunContext,
    private readonly jobs: readonly StudentJob[],
    private readonly task: WorkerTask,
  ) {
    this.waiting = jobs.map((job) => ({ job, attempt: 1 }));
  }

  async run(count: number): Promise<TrainedModel[]> {
    const killAll = () => {
      for (const { child } of this.workers) child.kill('SIGKILL');
    };
    process.on('exit', killAll);
    try {
      await new Promise<void>((resolve) => {
        for (let i = 0; i < count; i++) this.start(resolve);
        void this.passWishesOn();
      });
    } finally {
      process.off('exit', killAll);
    }
    if (this.end) throw this.end;
    return this.jobs.map((job) => this.trained.get(nameOf(job))!);
  }

  private start(allGone: () => void): void {
    const child = startWorker();
    const worker: WorkerProcess = { child, job: null, complaints: '' };
    this.workers.add(worker);
    child.stderr!.on('data', (data: Buffer) => {
      worker.complaints = (worker.complaints + data.toString()).slice(-2000);
    });
    child.on('message', (message: FromWorker) => {
      // Events of a worker that nobody waits for any more must still be written: they stand before its checkpoint.
      try {
        this.hear(worker, message);
      } catch (error) {
        this.stopAll(error as Error);
      }
    });
    // A worker that is gone cannot be told anything; what follows is up to its exit.
    child.on('error', () => undefined);
    // Not `close`, which may wait for the channel that we closed ourselves.
    child.once('exit', (code, signal) => {
      this.workers.delete(worker);
      this.bury(worker, code, signal);
      if (this.waiting.length > 0 && !this.end && this.workers.size === 0) this.start(allGone);
      if (this.workers.size === 0) allGone();
    });
    tell(worker.child, { type: 'begin', ...this.task });
  }

  private hear(worker: WorkerProcess, message: FromWorker): void {
    const { context } = this;
    switch (message.type) {
      case 'ready':
        this.giveJob(worker);
        return;
      case 'event':
        context.emit(message.event);
        return;
      case 'progress':
        context.progress[message.what](message.stage, message.step);
        return;
      case 'settle':
        context.settle().then(
          () => tell(worker.child, { type: 'settled' }),
          (error: unknown) => this.stopAll(error as Error),
        );
        return;
      case 'done': {
        const { job, bytes } = message;
        this.trained.set(nameOf(job), { ...job, bytes });
        worker.job = null;
        return;
      }
      case 'stopped':
        // All were asked; each stops when it has come to where it was asked to.
        this.end ??= new StopRequested(message.how);
        dismiss(worker);
        return;
      case 'taught':
        throw new Error('A worker that trains answered for the teacher.');
      case 'failed':
        this.stopAll(new RunFailure(message.exitCode, message.code, message.message, message.path));
        dismiss(worker);
    }
  }

  private giveJob(worker: WorkerProcess): void {
    const next = this.end ? undefined : this.waiting.shift();
    if (!next) {
      dismiss(worker);
      return;
    }
    worker.job = next.job;
    this.attempts.set(next.job, next.attempt);
    tell(worker.child, { type: 'job', job: next.job, resumes: this.context.resumes || next.attempt > 1 });
  }

  /** A worker that ended without a last word took its job with it; the job goes on from its checkpoint in another one. */
  private bury(worker: WorkerProcess, code: number | null, signal: NodeJS.Signals | null): void {
    const { context } = this;
    const { job, complaints } = worker;
    if (this.end) return;
    const how = signal ?? `exit code ${code}`;
    const last = complaints.trim().split('\n').at(-1);
    if (!job) {
      // One that was dismissed leaves nothing to do; one that never came to a job may leave it to the others.
      if (this.waiting.length === 0 || ++this.stillborn < attemptsPerJob * this.jobs.length) return;
      const why = `Processes that should train students end before they begin (${how}${last ? `: ${last}` : ''}).`;
      this.stopAll(new RunFailure(exitCodes.outOfMemory, 'worker.lost', `${why} ${fewerCure}`, ['distill']));
      return;
    }
    const attempt = this.attempts.get(job)!;
    const why = `The process that trained the ${job.role} with seed ${job.seed} ended by itself (${how}${last ? `: ${last}` : ''}).`;
    const crashed = context.engine === 'tensorflow' && crashName({ code, signal }) !== undefined;
    if (attempt >= attemptsPerJob && crashed) {
      noteEnd(distilleryHome(), process.pid, { code, signal });
      const cure =
        'Native TensorFlow seems to be at fault. Run the experiment again: the engine "auto" takes WebAssembly from now on.';
      this.stopAll(new RunFailure(exitCodes.noEngine, 'engine.crashed', `${why} ${cure}`));
      return;
    }
    if (attempt >= attemptsPerJob) {
      this.stopAll(new RunFailure(exitCodes.outOfMemory, 'worker.lost', `${why} ${fewerCure}`, ['distill']));
      return;
    }
    context.emit({
      type: 'problem',
      severity: 'warning',
      code: 'worker.lost',
      message: `${why} Its training goes on from its last checkpoint.`,
    });
    this.waiting.unshift({ job, attempt: attempt + 1 });
  }

  /** The first reason counts. */
  private stopAll(reason: Error): void {
    this.end ??= reason;
    if (this.stopping) return;
    this.stopping = true;
    this.tellAll('stop-now');
    const workers = [...this.workers];
    setTimeout(() => {
      for (const worker of workers) worker.child.kill('SIGKILL');
    }, patienceMilliseconds).unref();
  }

  /** What people ask of the run is asked of every worker. */
  private async passWishesOn(): Promise<void> {
    const { control } = this.context;
    let told: 'nothing' | 'after-epoch' | 'now' = 'nothing';
    while (this.workers.size > 0) {
      await control.listen();
      if (control.takeCheckpointWish()) this.tellAll('checkpoint');
      const wish = control.stopsNow ? 'now' : control.stopsAfterEpoch ? 'after-epoch' : 'nothing';
      if (wish !== told) {
        told = wish;
        // Whoever waits for a job has nothing to stop.
        this.end ??= new StopRequested(wish === 'now' ? 'now' : 'after-epoch');
        this.tellAll(wish === 'now' ? 'stop-now' : 'stop-after-epoch');
      }
      await new Promise((resolve) => setTimeout(resolve, listenMilliseconds));
    }
  }

  private tellAll(wish: Extract<ToWorker, { type: 'ask' }>['wish']): void {
    for (const worker of this.workers) tell(worker.child, { type: 'ask', wish });
  }
}

/** It ends when nobody is connected to it. */
function dismiss({ child }: WorkerProcess): void {
  if (child.connected) child.disconnect();
}

function nameOf({ role, seed }: StudentJob): string {
  return `${role}/${seed}`;
}
