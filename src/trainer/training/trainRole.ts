import type { Role } from '../../runs/events';
import { termNames } from '../criteria/registry';
import { CurveRecorder } from '../curves';
import { compareWithTeacher, measure, type Logits, type Metrics } from '../evaluation/metrics';
import { StopRequested } from '../control';
import type { Model } from '../models/model';
import { rowsOf } from '../testImages';
import type { RunContext } from '../runContext';
import { writeCheckpoint, type NamedArrays } from './checkpoints';
import { createOptimizer, type Optimizer } from './optimizers';
import { assertFinite, stepsPerEpoch, trainStage, type StageObserver, type StageTask } from './trainStage';

/** A stage with what the run calls it. */
export interface RoleStage extends StageTask {
  id: string;
  hash: string;
}

/** A stage draws at least so many points of its validation curve, as long as that costs little. */
const validationPoints = 20;
/** Share of the training's own work that validation may cost beyond one pass an epoch. */
const validationShare = 0.1;
const sampleMilliseconds = 1000;

/**
 * Trains one model through its stages and tells the run about it: curves, validation, soft labels of the test images,
 * a checkpoint after every epoch.
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
  const seed = stages[0]!.seed;
  const curves = new CurveRecorder(role, seed, (points) => context.emit({ type: 'metrics', points }));
  const watcher = new Watcher(context, role, seed, model, curves, teacher);
  for (const stage of stages) await watcher.run(stage);
  return watcher.validate(stages.at(-1)!.training.epochs);
}

/** Watches one model while it learns. */
class Watcher {
  private lastSamples = -Infinity;
  private epochsBefore = 0;

  constructor(
    private readonly context: RunContext,
    private readonly role: Role,
    private readonly seed: number,
    private readonly model: Model,
    private readonly curves: CurveRecorder,
    private readonly teacher: Logits | null,
  ) {}

  async run(stage: RoleStage): Promise<void> {
    const { context, role, seed } = this;
    const { epochs, optimizer: optimizerSpec } = stage.training;
    const perEpoch = stepsPerEpoch(stage);
    const started = performance.now();
    const event = { type: 'stage', stage: stage.id, role, seed, name: stage.name, hash: stage.hash } as const;
    context.emit({ ...event, state: 'started', epochs, stepsPerEpoch: perEpoch });
    context.progress.begin(stage.id);
    this.curves.beginStage(termNames(stage.losses), perEpoch, epochs);
    const optimizer = createOptimizer(optimizerSpec);
    const best = new BestWeights(this.model, stage.training.keep === 'best');
    try {
      const observer = this.observerFor(stage, optimizer, best);
      if ((await trainStage(this.model, context.dataset, stage, optimizer, observer)) === 'stopped')
        throw new StopRequested(context.control.stopsNow ? 'now' : 'after-epoch');
      best.restore();
    } finally {
      optimizer.dispose();
      context.progress.end();
    }
    this.curves.endStage(perEpoch, epochs);
    this.epochsBefore += epochs;
    const seconds = (performance.now() - started) / 1000;
    context.emit({ ...event, state: 'finished', epochs, stepsPerEpoch: perEpoch, seconds });
    context.control.throwIfStopping();
  }

  /** Measures the model on the validation samples and announces it. @param epoch of the stage that just ended. */
  async validate(epoch: number): Promise<Metrics> {
    const metrics = await this.measureValidation();
    const { samples, errors, accuracy, loss, ece } = metrics;
    this.context.emit({
      type: 'evaluation',
      role: this.role,
      seed: this.seed,
      split: 'validation',
      samples,
      errors,
      accuracy,
      loss,
      ece,
      ...metrics.fidelity,
    });
    await this.showSamples(epoch, true);
    return metrics;
  }

  private observerFor(stage: RoleStage, optimizer: Optimizer, best: BestWeights): StageObserver {
    const { context, curves } = this;
    const perEpoch = stepsPerEpoch(stage);
    const extraValidation = this.extraValidationInterval(stage);
    let done = 0;
    const checkpoint = (epoch: number) => this.checkpoint(stage, optimizer, epoch, done);
    return {
      wantsGradientNorm: (step) => curves.drawsAt(step),
      onStep: async (result) => {
        done = result.step;
        curves.step(result);
        context.progress.step(done);
        if (done % extraValidation === 0 && done % perEpoch !== 0) await this.drawValidation(done);
        await context.control.listen();
        const epoch = Math.ceil(done / perEpoch);
        if (context.control.takeCheckpointWish()) await checkpoint(epoch);
        if (!context.control.stopsNow) return 'continue';
        await checkpoint(epoch);
        return 'stop';
      },
      onEpoch: async (epoch) => {
        const metrics = await this.drawValidation(done);
        // The last step of a stage may have ruined the weights; no step after it would notice.
        assertFinite(stage, metrics.loss);
        await best.see(metrics.errors);
        await this.showSamples(epoch, false);
        await checkpoint(epoch);
        return context.control.stopsAfterEpoch ? 'stop' : 'continue';
      },
    };
  }

  /** Steps between two points of the validation curve that are not at the end of an epoch; infinite when there are none. */
  private extraValidationInterval(stage: RoleStage): number {
    const steps = stepsPerEpoch(stage) * stage.training.epochs;
    if (stage.training.epochs >= validationPoints) return Infinity;
    const cost =
      (validationPoints * this.context.split.validation.length) / (3 * steps * stage.training.batch);
    const points = Math.floor(validationPoints * Math.min(1, validationShare / cost));
    return points > stage.training.epochs ? Math.ceil(steps / points) : Infinity;
  }

  private async drawValidation(step: number): Promise<Metrics> {
    const metrics = await this.measureValidation();
    this.curves.points(step, {
      'validation.errors': metrics.errors,
      'validation.accuracy': metrics.accuracy,
      'validation.loss': metrics.loss,
      ...(metrics.fidelity && { 'validation.agreement': metrics.fidelity.agreement }),
    });
    return metrics;
  }

  private async measureValidation() {
    const { context, model, teacher } = this;
    const logits = await context.validation.logits(model, context.control.listen.bind(context.control));
    const fidelity = teacher && compareWithTeacher(logits, teacher);
    return { ...measure(logits, context.validationLabels), ...(fidelity && { fidelity }) };
  }

  /** At most once a second: the dashboard has no use for more, and every line stays in the run directory for good. */
  private async showSamples(epoch: number, last: boolean): Promise<void> {
    if (!last && performance.now() - this.lastSamples < sampleMilliseconds) return;
    this.lastSamples = performance.now();
    const { context, role, seed, model } = this;
    const logits = await context.testImages.logits(model, context.control.listen.bind(context.control));
    context.emit({
      type: 'sample',
      role,
      seed,
      epoch: last ? this.epochsBefore : this.epochsBefore + epoch,
      logits: rowsOf(logits),
      ...context.takeImages(),
    });
  }

  private async checkpoint(
    stage: RoleStage,
    optimizer: Optimizer,
    epoch: number,
    step: number,
  ): Promise<void> {
    const { context, role, seed, model } = this;
    const arrays = await arraysOf(model, optimizer);
    const info = { stage: stage.id, epoch, step };
    const written = writeCheckpoint(context.directory, `${role}-${seed}`, info, arrays);
    context.emit({ type: 'checkpoint', role, seed, stage: stage.id, epoch, ...written });
  }
}

/** Weights, and what the optimiser remembers of each under `optimizer/`, with the shape of the weight. */
async function arraysOf(model: Model, optimizer: Optimizer): Promise<NamedArrays> {
  const shapes = model.shapes();
  const arrays = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const [name, values] of await model.weights()) arrays.set(name, { shape: shapes.get(name)!, values });
  for (const [name, values] of await optimizer.slots()) {
    const weight = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    arrays.set(`optimizer/${name}`, { shape: shapes.get(weight) ?? [values.length], values });
  }
  return arrays;
}

/** Keeps the weights of the epoch with the fewest validation errors, when the stage asks for it. */
class BestWeights {
  private errors = Infinity;
  private weights: ReadonlyMap<string, Float32Array> | null = null;

  constructor(
    private readonly model: Model,
    private readonly wanted: boolean,
  ) {}

  async see(errors: number): Promise<void> {
    if (!this.wanted || errors >= this.errors) return;
    this.errors = errors;
    this.weights = await this.model.weights();
  }

  restore(): void {
    if (this.weights) this.model.setWeights(this.weights);
  }
}
