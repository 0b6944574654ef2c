import type { Role } from '../../runs/events';
import { asRunDirectoryError } from '../../runs/runDirectoryError';
import { StopRequested } from '../control';
import { termNames } from '../criteria/registry';
import { CurveRecorder } from '../curves';
import type { Logits, Metrics } from '../evaluation/metrics';
import type { Model } from '../models/model';
import type { RunContext } from '../runContext';
import { BestWeights } from './bestWeights';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoints';
import { createOptimizer } from './optimizers';
import { arraysOf, restoreParts, under, type RoleState, type StageParts } from './roleState';
import { stepsPerEpoch } from './stageBatches';
import {
  assertFinite,
  trainStage,
  type StageObserver,
  type StageProgress,
  type StageTask,
} from './trainStage';
import { ValidationWatch } from './validationWatch';
import { WeightAverage } from './weightAverage';

/** A stage with what the run calls it. */
export interface RoleStage extends StageTask {
  id: string;
  hash: string;
}

/** At the end of an epoch a checkpoint is written when the last one is so old, and so many times what it cost. */
const epochCheckpointMilliseconds = 1000;
const checkpointCostFactor = 20;
/** A kill in the middle of a long epoch loses no more than this. */
const stepCheckpointMilliseconds = 60_000;

/**
 * Trains one model through its stages and tells the run about it: curves, validation, soft labels of the test images,
 * checkpoints. In a run that is resumed it goes on from the newest checkpoint of its role and seed.
 *
 * @param teacher the teacher's logits on the validation samples; null for the teacher itself.
 * @returns its metrics on the validation samples.
 * @throws {StopRequested} after writing a checkpoint; {RunFailure} when training diverges.
 */
export async function trainRole(
  context: RunContext,
  role: Role,
  model: Model,
  stages: readonly RoleStage[],
  teacher: Logits | null,
): Promise<Metrics> {
  const { seed } = stages[0]!;
  const curves = new CurveRecorder(role, seed, (points) => context.emit({ type: 'metrics', points }));
  const watch = new ValidationWatch(context, role, seed, model, curves, teacher);
  const training = new RoleTraining(context, role, seed, model, stages, curves, watch);
  await training.run();
  return watch.conclude(training.epochsDone);
}

class RoleTraining {
  private epochsBefore = 0;
  private lastCheckpoint = performance.now();
  private checkpointCost = 0;

  constructor(
    private readonly context: RunContext,
    private readonly role: Role,
    private readonly seed: number,
    private readonly model: Model,
    private readonly stages: readonly RoleStage[],
    private readonly curves: CurveRecorder,
    private readonly watch: ValidationWatch,
  ) {}

  /** Across the stages. */
  get epochsDone(): number {
    return this.epochsBefore;
  }

  async run(): Promise<void> {
    const { context, stages } = this;
    const found = context.resumes ? this.findCheckpoint() : null;
    const first = found?.state.stage ?? 0;
    const done = found?.state.complete === true ? stages : stages.slice(0, first);
    for (const { id } of done) {
      context.progress.begin(id);
      context.progress.end(id);
    }
    this.epochsBefore = found?.state.epochsBefore ?? 0;
    if (found?.state.complete === true) {
      this.model.setWeights(under(found.checkpoint.arrays, ''));
      return;
    }
    for (let index = first; index < stages.length; index++)
      await this.runStage(index, index === first ? found : null);
  }

  private async runStage(index: number, found: Found | null): Promise<void> {
    const { context, role, seed, model, curves } = this;
    const stage = this.stages[index]!;
    const { epochs, optimizer, ema } = stage.training;
    const perEpoch = stepsPerEpoch(stage);
    const event = { type: 'stage', stage: stage.id, role, seed, name: stage.name, hash: stage.hash } as const;
    const size = { epochs, stepsPerEpoch: perEpoch };
    if (found) context.emit({ ...event, ...size, state: 'resumed', step: found.state.step });
    else context.emit({ ...event, ...size, state: 'started' });
    curves.beginStage(termNames(stage.losses), perEpoch, epochs);
    const parts: StageParts = {
      model,
      optimizer: createOptimizer(optimizer),
      average: ema ? new WeightAverage(model.named(), ema.decay) : null,
      best: new BestWeights(model, stage.training),
      curves,
    };
    const clock = performance.now() - 1000 * (found?.state.seconds ?? 0);
    const seconds = () => (performance.now() - clock) / 1000;
    const at = { step: 0, epoch: 0, stageEnded: false };
    const describe = (complete: boolean): RoleState => ({
      ...at,
      hash: stage.hash,
      stage: index,
      complete,
      passes: model.step,
      curves: curves.state(),
      best: parts.best.state(),
      epochsBefore: this.epochsBefore,
      seconds: seconds(),
    });
    try {
      if (found) {
        restoreParts(parts, found.checkpoint, found.state);
        at.step = found.state.step;
        at.epoch = found.state.epoch;
        at.stageEnded = found.state.stageEnded;
      }
      context.progress.begin(stage.id, at.step);
      const checkpoint = () => this.checkpoint(stage, parts, describe(false));
      const observer = this.observerFor(stage, parts, at, checkpoint);
      if (
        !at.stageEnded &&
        (await trainStage(model, context.dataset, stage, parts.optimizer, parts.average, observer, {
          ...at,
        })) === 'stopped'
      )
        throw new StopRequested(context.control.stopsNow ? 'now' : 'after-epoch');
      if (!parts.best.bringBack()) parts.average?.swapIn();
      curves.endStage(perEpoch, at.epoch);
      this.epochsBefore += at.epoch;
      if (index === this.stages.length - 1) await this.checkpoint(stage, parts, describe(true));
    } finally {
      parts.optimizer.dispose();
      parts.average?.dispose();
      context.progress.end(stage.id);
    }
    const early = at.epoch < epochs && ({ ended: 'early' } as const);
    context.emit({
      ...event,
      state: 'finished',
      epochs: at.epoch,
      stepsPerEpoch: perEpoch,
      seconds: seconds(),
      ...early,
    });
    context.control.throwIfStopping();
  }

  /** Keeps `at` at where training stands. */
  private observerFor(
    stage: RoleStage,
    { average, best }: StageParts,
    at: StageProgress & { stageEnded: boolean },
    checkpoint: () => Promise<void>,
  ): StageObserver {
    const { context, curves, watch } = this;
    const perEpoch = stepsPerEpoch(stage);
    const extraValidation = watch.interval(stage);
    // What is validated is what would be kept: the averaged weights where there are some.
    const averaged = async <T>(look: () => Promise<T>): Promise<T> => {
      average?.swapIn();
      try {
        return await look();
      } finally {
        average?.swapOut();
      }
    };
    return {
      wantsGradientNorm: (step) => curves.drawsAt(step),
      onStep: async (result) => {
        at.step = result.step;
        curves.step(result);
        context.progress.step(stage.id, at.step);
        if (at.step % extraValidation === 0 && at.step % perEpoch !== 0)
          await averaged(() => watch.draw(at.step));
        await context.control.listen();
        const wanted = context.control.takeCheckpointWish() || context.control.stopsNow;
        if (wanted || this.isDue(stepCheckpointMilliseconds)) await checkpoint();
        return context.control.stopsNow ? 'stop' : 'continue';
      },
      onEpoch: async (epoch) => {
        const verdict = await averaged(async () => {
          const metrics = await watch.draw(at.step);
          // The last step of a stage may have ruined the weights; no step after it would notice.
          assertFinite(stage, metrics.loss);
          await watch.showSamples(this.epochsBefore + epoch);
          return best.see(epoch, metrics);
        });
        at.epoch = epoch;
        at.stageEnded = verdict === 'finish' || epoch === stage.training.epochs;
        const stops = context.control.stopsAfterEpoch;
        if (at.stageEnded || stops || this.isDue(epochCheckpointMilliseconds)) await checkpoint();
        if (verdict === 'finish') return 'finish';
        return stops ? 'stop' : 'continue';
      },
    };
  }

  private isDue(milliseconds: number): boolean {
    const age = performance.now() - this.lastCheckpoint;
    return age >= Math.max(milliseconds, checkpointCostFactor * this.checkpointCost);
  }

  private async checkpoint(stage: RoleStage, parts: StageParts, state: RoleState): Promise<void> {
    const { context, role, seed } = this;
    const start = performance.now();
    const arrays = await arraysOf(parts);
    const epoch = Math.ceil(state.step / stepsPerEpoch(stage));
    const info = { stage: stage.id, epoch, step: state.step };
    // A resumed run does not tell again what came before the checkpoint, so all of that must have been written.
    await context.settle();
    let written;
    try {
      written = writeCheckpoint(context.directory, ownerOf(role, seed), info, arrays, state);
    } catch (error) {
      throw asRunDirectoryError(context.directory, error);
    }
    context.emit({ type: 'checkpoint', role, seed, stage: stage.id, epoch, ...written });
    this.lastCheckpoint = performance.now();
    this.checkpointCost = this.lastCheckpoint - start;
  }

  /** The newest checkpoint, when it belongs to this training; else training begins anew, and the run is told why. */
  private findCheckpoint(): Found | null {
    const { context, role, seed } = this;
    const checkpoint = readCheckpoint(context.directory, ownerOf(role, seed));
    if (checkpoint === 'absent') return null;
    if ('damaged' in checkpoint) return this.begunAnew(checkpoint.damaged);
    const state = checkpoint.state as RoleState;
    return this.stages[state.stage]?.hash === state.hash
      ? { checkpoint, state }
      : this.begunAnew('it was written with other data, settings or another version');
  }

  private begunAnew(reason: string): null {
    this.context.emit({
      type: 'problem',
      severity: 'warning',
      code: 'checkpoint.unusable',
      message: `The checkpoint of the ${this.role} with seed ${this.seed} cannot be used (${reason}), so its training begins anew.`,
    });
    return null;
  }
}

interface Found {
  checkpoint: Checkpoint;
  state: RoleState;
}

/** By which checkpoints go. */
function ownerOf(role: Role, seed: number): string {
  return `${role}-${seed}`;
}
