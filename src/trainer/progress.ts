import type { Role, RunEventBody } from '../runs/events';

/** One training that a run will do, with what it costs. */
export interface PlannedStage {
  /** `teacher`, `student/1/distill`, … */
  id: string;
  role: Role;
  seed: number;
  name: string;
  epochs: number;
  stepsPerEpoch: number;
  batch: number;
  /** Multiply-adds of all its steps: three forward passes each (forward, and twice as much backward). */
  cost: number;
}

/** Multiply-adds of a stage, from those of one forward pass of one sample. */
export function stageCost(
  stage: { epochs: number; stepsPerEpoch: number; batch: number },
  forward: number,
  teacherForward: number,
): number {
  return stage.epochs * stage.stepsPerEpoch * stage.batch * (3 * forward + teacherForward);
}

const reportMilliseconds = 200;
/** The speed is that of the last few seconds, so that it follows a machine that becomes busy. */
const speedWindowMilliseconds = 4000;

/** Turns steps into `progress` events: rate and time left, for the stage and for the whole run. */
export class ProgressMeter {
  private doneCost = 0;
  private workedMilliseconds = 0;
  private stage: PlannedStage | null = null;
  private stageStart = 0;
  private lastReport = -Infinity;
  private marks: { time: number; step: number }[] = [];

  constructor(
    private stages: PlannedStage[],
    private readonly emit: (event: Extract<RunEventBody, { type: 'progress' }>) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A stage that was trained before costs nothing. */
  skip(id: string): void {
    this.stages = this.stages.filter((stage) => stage.id !== id);
  }

  begin(id: string): void {
    this.stage = this.stages.find((stage) => stage.id === id) ?? null;
    this.stageStart = this.now();
    this.marks = [{ time: this.stageStart, step: 0 }];
    this.lastReport = -Infinity;
  }

  /** @param step steps done in the stage. The last step is always reported. */
  step(step: number): void {
    const { stage } = this;
    if (!stage) return;
    const steps = stage.epochs * stage.stepsPerEpoch;
    const time = this.now();
    if (time - this.lastReport < reportMilliseconds && step !== steps) return;
    this.lastReport = time;
    this.marks.push({ time, step });
    while (this.marks.length > 2 && time - this.marks[1]!.time > speedWindowMilliseconds) this.marks.shift();
    const first = this.marks[0]!;
    const stepsPerMillisecond = (step - first.step) / Math.max(1e-6, time - first.time);
    const etaMilliseconds = (steps - step) / Math.max(1e-9, stepsPerMillisecond);
    const share = step / steps;
    this.emit({
      type: 'progress',
      stage: stage.id,
      role: stage.role,
      seed: stage.seed,
      epoch: Math.min(stage.epochs, Math.floor((step - 1) / stage.stepsPerEpoch) + 1),
      epochs: stage.epochs,
      step,
      steps,
      samplesPerSecond: round(stepsPerMillisecond * 1000 * stage.batch),
      etaSeconds: round(etaMilliseconds / 1000),
      runEtaSeconds: round((etaMilliseconds + this.laterMilliseconds(share, time)) / 1000),
      fraction: round((this.doneCost + share * stage.cost) / Math.max(1, this.totalCost())),
    });
  }

  /** The stage is over, at its end or before it. */
  end(): void {
    if (!this.stage) return;
    this.doneCost += this.stage.cost;
    this.workedMilliseconds += this.now() - this.stageStart;
    this.stage = null;
  }

  /** Stages to come, at the speed that this run has shown so far. */
  private laterMilliseconds(share: number, time: number): number {
    const current = this.stage?.cost ?? 0;
    const later = this.totalCost() - this.doneCost - current;
    const workedCost = this.doneCost + share * current;
    return workedCost > 0 ? (later * (this.workedMilliseconds + time - this.stageStart)) / workedCost : 0;
  }

  private totalCost(): number {
    return this.stages.reduce((sum, { cost }) => sum + cost, 0);
  }
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
