import { StopRequested, RunControl } from '../control';
import { newModel, savedIn, trainStudent } from '../distillation';
import { openEngine, wishFor } from '../engine/engine';
import { exitCodes, RunFailure } from '../failures';
import { loadWeights } from '../models/saveModel';
import type { StudentJob } from '../plan';
import { prepareText } from '../prepare';
import type { Progress } from '../progress';
import { createContext, type RunContext } from '../runContext';
import { asFailure } from '../runEnd';
import { Teaching } from '../teaching';
import type { FromWorker, ToWorker, WorkerTask } from './messages';

/**
 * A process that trains students for another one, which leads the run: it is told what to train, and tells back every
 * event. It ends with the process that leads.
 */
export function runWorker(): Promise<never> {
  const worker = new Worker();
  process.on('message', (message: ToWorker) => worker.hear(message));
  // Whoever leads the run hears Ctrl-C, too, and passes on the wish to stop.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  process.on('disconnect', () => process.exit(exitCodes.done));
  return new Promise<never>(() => undefined);
}

const stepMilliseconds = 50;

class Worker {
  private readonly control = new RunControl();
  private session: Promise<Session> | null = null;
  private settled: (() => void)[] = [];

  hear(message: ToWorker): void {
    switch (message.type) {
      case 'begin':
        void this.attempt(async () => {
          this.session = openSession(message, this.control, this.settle);
          await this.session;
          send({ type: 'ready' });
        });
        return;
      case 'job':
        void this.attempt(() => this.train(message.job, message.resumes));
        return;
      case 'teach':
        void this.attempt(() => this.teach(message));
        return;
      case 'ask':
        this.control.ask(message.wish);
        return;
      case 'settled':
        this.settled.shift()?.();
    }
  }

  private async train(job: StudentJob, resumes: boolean): Promise<void> {
    const { context, teaching } = await this.session!;
    const { bytes } = await trainStudent({ ...context, resumes }, job, teaching);
    send({ type: 'done', job, bytes });
    send({ type: 'ready' });
  }

  private async teach({ stage, seed, number }: Extract<ToWorker, { type: 'teach' }>): Promise<void> {
    const { teaching } = await this.session!;
    send({ type: 'taught', stage, seed, number, logits: await teaching.answer(stage, seed, number) });
  }

  private readonly settle = (): Promise<void> =>
    new Promise((resolve) => {
      this.settled.push(resolve);
      send({ type: 'settle' });
    });

  private async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (error instanceof StopRequested) {
        send({ type: 'stopped', how: error.how });
        return;
      }
      const { exitCode, code, message, path } = asFailure(error);
      send({ type: 'failed', exitCode, code, message, path });
    }
  }
}

interface Session {
  context: RunContext;
  teaching: Teaching;
}

async function openSession(
  task: WorkerTask,
  control: RunControl,
  settle: () => Promise<void>,
): Promise<Session> {
  const said: string[] = [];
  const prepared = prepareText(task.file, task.text, task, { write: (text) => said.push(text) });
  if (!prepared)
    throw new RunFailure(
      exitCodes.invalidExperiment,
      'data.changed',
      `The data changed while the run was going on: ${said.join(' ').trim()}`,
    );
  await openEngine(wishFor[task.engine], { searchFrom: task.searchFrom });
  const { directory, workspace, engine } = task;
  const emit: RunContext['emit'] = (event) => send({ type: 'event', event });
  const surroundings = {
    directory,
    workspace,
    engine,
    resumes: false,
    control,
    progress: new ToldProgress(),
    emit,
    settle,
  };
  const context = createContext(prepared, surroundings, false);
  const teacher = newModel(context, 'teacher', prepared.experiment.seeds[0]!);
  teacher.setWeights(loadWeights(savedIn(context, 'teacher', 0)));
  return { context, teaching: new Teaching(context, teacher, task.onValidation) };
}

/** Tells the leading process, which knows of all stages; of steps not more often than is worth a message. */
class ToldProgress implements Progress {
  private lastTold = -Infinity;
  private untold: number | null = null;

  skip(stage: string): void {
    send({ type: 'progress', what: 'skip', stage, step: 0 });
  }

  begin(stage: string, step = 0): void {
    send({ type: 'progress', what: 'begin', stage, step });
  }

  step(stage: string, step: number): void {
    const now = performance.now();
    this.untold = step;
    if (now - this.lastTold < stepMilliseconds) return;
    this.lastTold = now;
    this.tell(stage);
  }

  end(stage: string): void {
    this.tell(stage);
    send({ type: 'progress', what: 'end', stage, step: 0 });
  }

  private tell(stage: string): void {
    if (this.untold !== null) send({ type: 'progress', what: 'step', stage, step: this.untold });
    this.untold = null;
  }
}

function send(message: FromWorker): void {
  process.send!(message);
}
