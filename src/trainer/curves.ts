import type { MetricPoint, Role } from '../runs/events';
import type { StepResult } from './training/trainStage';

/** A stage draws so many points a curve, whatever its length; each is the mean of the steps since the last one. */
const pointsPerStage = 300;

/** Gathers the numbers of steps into points of curves. Steps count on across the stages of one role and seed. */
export class CurveRecorder {
  private stepsBefore = 0;
  private epochsBefore = 0;
  private interval = 1;
  private stepsPerEpoch = 1;
  private terms: string[] = [];
  private gathered: { loss: number; terms: number[] }[] = [];

  constructor(
    private readonly role: Role,
    private readonly seed: number,
    private readonly emit: (points: MetricPoint[]) => void,
  ) {}

  beginStage(terms: string[], stepsPerEpoch: number, epochs: number): void {
    this.terms = terms;
    this.stepsPerEpoch = stepsPerEpoch;
    this.interval = Math.max(1, Math.ceil((stepsPerEpoch * epochs) / pointsPerStage));
    this.gathered = [];
  }

  endStage(stepsPerEpoch: number, epochs: number): void {
    this.stepsBefore += stepsPerEpoch * epochs;
    this.epochsBefore += epochs;
  }

  /** Whether a point is drawn at this step, counted from 1 within the stage. */
  drawsAt(step: number): boolean {
    return step % this.interval === 0;
  }

  step({ step, rate, loss, terms, gradientNorm }: StepResult): void {
    this.gathered.push({ loss, terms });
    if (!this.drawsAt(step)) return;
    const mean = (pick: (entry: { loss: number; terms: number[] }) => number) =>
      this.gathered.reduce((sum, entry) => sum + pick(entry), 0) / this.gathered.length;
    const values: Record<string, number> = { loss: mean((entry) => entry.loss), rate };
    this.terms.forEach((name, i) => (values[`loss.${name}`] = mean((entry) => entry.terms[i]!)));
    if (gradientNorm !== null) values['gradient_norm'] = gradientNorm;
    this.gathered = [];
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
