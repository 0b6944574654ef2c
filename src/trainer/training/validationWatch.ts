import type { Role } from '../../runs/events';
import type { CurveRecorder } from '../curves';
import { compareWithTeacher, measure, type Logits, type Metrics } from '../evaluation/metrics';
import type { Model } from '../models/model';
import type { RunContext } from '../runContext';
import { rowsOf } from '../testImages';
import { samplesPerStep, stepsPerEpoch } from './stageBatches';
import type { StageTask } from './trainStage';

/** A stage draws at least so many points of its validation curve, as long as that costs little. */
const validationPoints = 20;
/** Share of the training's own work that validation may cost beyond one pass an epoch. */
const validationShare = 0.1;
const sampleMilliseconds = 1000;

/** Measures a model on the validation samples while it learns, and shows what it thinks of the test images. */
export class ValidationWatch {
  private lastSamples = -Infinity;

  /** @param teacher the teacher's logits on the validation samples; null for the teacher itself. */
  constructor(
    private readonly context: RunContext,
    private readonly role: Role,
    private readonly seed: number,
    private readonly model: Model,
    private readonly curves: CurveRecorder,
    private readonly teacher: Logits | null,
  ) {}

  /** Adds a point to each validation curve, at a step of the current stage. */
  async draw(step: number): Promise<Metrics> {
    const metrics = await this.measure();
    this.curves.points(step, {
      'validation.errors': metrics.errors,
      'validation.accuracy': metrics.accuracy,
      'validation.loss': metrics.loss,
      ...(metrics.fidelity && { 'validation.agreement': metrics.fidelity.agreement }),
    });
    return metrics;
  }

  /** Measures the finished model and announces it. @param epoch across the stages. */
  async conclude(epoch: number): Promise<Metrics> {
    const { fidelity, ...metrics } = await this.measure();
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
      ...fidelity,
    });
    await this.showSamples(epoch, true);
    return metrics;
  }

  /** At most once a second: the dashboard has no use for more, and every line stays in the run directory for good. */
  async showSamples(epoch: number, last = false): Promise<void> {
    if (!last && performance.now() - this.lastSamples < sampleMilliseconds) return;
    this.lastSamples = performance.now();
    const { context, role, seed, model } = this;
    const logits = await context.testImages.logits(model, () => context.control.listen());
    context.emit({
      type: 'sample',
      role,
      seed,
      epoch,
      logits: rowsOf(logits),
      ...context.takeImages(),
    });
  }

  /** Steps between two points of the validation curve that are not at the end of an epoch; infinite when there are none. */
  interval(stage: Pick<StageTask, 'indices' | 'training'>): number {
    const { epochs } = stage.training;
    const steps = stepsPerEpoch(stage) * epochs;
    if (epochs >= validationPoints) return Infinity;
    const cost =
      (validationPoints * this.context.split.validation.length) /
      (3 * steps * samplesPerStep(stage.training));
    const points = Math.floor(validationPoints * Math.min(1, validationShare / cost));
    return points > epochs ? Math.ceil(steps / points) : Infinity;
  }

  private async measure() {
    const { context, model, teacher } = this;
    const logits = await context.validation.logits(model, () => context.control.listen());
    const fidelity = teacher && compareWithTeacher(logits, teacher);
    return { ...measure(logits, context.validationLabels), ...(fidelity && { fidelity }) };
  }
}
