import type { JsonNumber, MetricPoint, Role } from '../runs/events';
import { numberOf } from '../runs/numbers';
import type { StepResult } from './training/trainStage';

/** A stage draws so many points a curve, whatever its length; each is the mean of the steps since the last one. */
const pointsPerStage = 300;

/** What a recorder remembers between two points: enough to go on in another process. Survives JSON. */
export interface CurveState {
  stepsBefore: number;
  epochsBefore: number;
  /** Sums over the steps since the last point; NaN and infinity as strings. */
  count: number;
  loss: JsonNumber;
  terms: JsonNumber[];
}

/** Gathers the numbers of steps into points of curves. Steps count on across the stages of one role and seed. */
export class CurveRecorder {
  private stepsBefore = 0;
  private epochsBefore = 0;
  private interval = 1;
  private stepsPerEpoch = 1;
  private terms: string[] = [];
  private gathered: { count: number; loss: number; terms: number[] } = nothing();

  constructor(
    private readonly role: Role,
    private readonly seed: number,
    private readonly emit: (points: MetricPoint[]) => void,
  ) {}

  beginStage(terms: string[], stepsPerEpoch: number, epochs: number): void {
    this.terms = terms;
    this.stepsPerEpoch = stepsPerEpoch;
    this.interval = Math.max(1, Math.ceil((stepsPerEpoch * epochs) / pointsPerStage));
    this.gathered = nothing();
  }

  endStage(stepsPerEpoch: number, epochs: number): void {
    this.stepsBefore += stepsPerEpoch * epochs;
    this.epochsBefore += epochs;
  }

  state(): CurveState {
    const { stepsBefore, epochsBefore, gathered } = this;
    return { stepsBefore, epochsBefore, ...gathered };
  }

  /** Goes on from what `state` gave; to be called after `beginStage`. */
  restore({ stepsBefore, epochsBefore, count, loss, terms }: CurveState): void {
    this.stepsBefore = stepsBefore;
    this.epochsBefore = epochsBefore;
    this.gathered = { count, loss: numberOf(loss), terms: terms.map(numberOf) };
  }

  /** Whether a point is drawn at this step, counted from 1 within the stage. */
  drawsAt(step: number): boolean {
    return step % this.interval === 0;
  }

  step({ step, rate, loss, terms, gradientNorm }: StepResult): void {
    const before = this.gathered;
    this.gathered = {
      count: before.count + 1,
      loss: before.loss + loss,
      terms: terms.map((term, i) => (before.terms[i] ?? 0) + term),
    };
    if (!this.drawsAt(step)) return;
    const { count, loss: sum, terms: sums } = this.gathered;
    const values: Record<string, number> = { loss: sum / count, rate };
    this.terms.forEach((name, i) => (values[`loss.${name}`] = sums[i]! / count));
    if (gradientNorm !== null) values['gradient_norm'] = gradientNorm;
    this.gathered = nothing();
    this.points(step, values);
  }

  /** Adds one point to each of some series, at a step of the current stage. */
  points(step: number, values: Record<string, number>): void {
    this.emit(
      Object.entries(values).map(([series, value]) => ({
        role: this.role,
        seed: this.seed,
        series,
        step: this.stepsBefore + step,
        epoch: Number((this.epochsBefore + step / this.stepsPerEpoch).toFixed(4)),
        value: Number(value.toPrecision(7)),
      })),
    );
  }
}

function nothing(): { count: number; loss: number; terms: number[] } {
  return { count: 0, loss: 0, terms: [] };
}
