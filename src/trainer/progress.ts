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
  /** Samples that one step looks at. */
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

/** What training tells of its steps. */
export interface Progress {
  /** The stage need not be trained: it was before. */
  skip(id: string): void;
  /** @param done steps that an earlier process has done. */
  begin(id: string, done?: number): void;
  /** @param step steps done in the stage. */
  step(id: string, step: number): void;
  /** The stage is over, at its end or before it. */
  end(id: string): void;
}

const reportMilliseconds = 200;
/** The speed is that of the last few seconds, so that it follows a machine that becomes busy. */
const speedWindowMilliseconds = 4000;

/** A stage that is being trained. */
interface ActiveStage {
  plan: PlannedStage;
  /** Done before this process began. */
  before: number;
  step: number;
  lastReport: number;
  marks: { time: number; step: number }[];
}

/** Turns steps into `progress` events: rate and time left, for the stage and for the whole run. Stages may overlap. */
export class ProgressMeter implements Progress {
  private readonly active = new Map<string, ActiveStage>();
  /** Multiply-adds of stages that are over. */
  private doneCost = 0;
  /** While at least one stage was being trained. */
  private workedMilliseconds = 0;
  private workingSince = 0;
  /** Multiply-adds that this process has done in `workedMilliseconds`. */
  private workedCost = 0;

  constructor(
    private stages: readonly PlannedStage[],
    private readonly emit: (event: Extract<RunEventBody, { type: 'progress' }>) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** It then counts neither as done nor as to be done. */
  skip(id: string): void {
    this.stages = this.stages.filter((stage) => stage.id !== id);
  }

  begin(id: string, done = 0): void {
    const plan = this.stages.find((stage) => stage.id === id);
    if (!plan) return;
    const time = this.now();
    if (this.active.size === 0) this.workingSince = time;
    this.active.set(id, {
      plan,
      before: done,
      step: done,
      lastReport: -Infinity,
      marks: [{ time, step: done }],
    });
  }

  /** The last step is always reported, others at most five times a second. */
  step(id: string, step: number): void {
    const stage = this.active.get(id);
    if (!stage) return;
    stage.step = step;
    const { plan, marks } = stage;
    const steps = stepsOf(plan);
    const time = this.now();
    if (time - stage.lastReport < reportMilliseconds && step !== steps) return;
    stage.lastReport = time;
    marks.push({ time, step });
    while (marks.length > 2 && time - marks[1]!.time > speedWindowMilliseconds) marks.shift();
    const first = marks[0]!;
    const stepsPerMillisecond = (step - first.step) / Math.max(1e-6, time - first.time);
    const etaMilliseconds = (steps - step) / Math.max(1e-9, stepsPerMillisecond);
    this.emit({
      type: 'progress',
      stage: plan.id,
      role: plan.role,
      seed: plan.seed,
      epoch: Math.min(plan.epochs, Math.floor((step - 1) / plan.stepsPerEpoch) + 1),
      epochs: plan.epochs,
      step,
      steps,
      samplesPerSecond: round(stepsPerMillisecond * 1000 * plan.batch),
      etaSeconds: round(etaMilliseconds / 1000),
      runEtaSeconds: round(Math.max(etaMilliseconds, this.leftMilliseconds(time)) / 1000),
      fraction: round((this.doneCost + this.activeCost(({ step }) => step)) / Math.max(1, this.totalCost())),
    });
  }

  end(id: string): void {
    const stage = this.active.get(id);
    if (!stage) return;
    this.workedCost += costOf(stage, stage.step - stage.before);
    this.doneCost += stage.plan.cost;
    this.active.delete(id);
    if (this.active.size === 0) this.workedMilliseconds += this.now() - this.workingSince;
  }

  /** Everything that is still to be done, at the speed that this run has shown so far. */
  private leftMilliseconds(time: number): number {
    const left = this.totalCost() - this.doneCost - this.activeCost(({ step }) => step);
    const worked = this.workedCost + this.activeCost(({ step, before }) => step - before);
    return worked > 0 ? (left * (this.workedMilliseconds + time - this.workingSince)) / worked : 0;
  }

  private activeCost(steps: (stage: ActiveStage) => number): number {
    return [...this.active.values()].reduce((sum, stage) => sum + costOf(stage, steps(stage)), 0);
  }

  private totalCost(): number {
    return this.stages.reduce((sum, { cost }) => sum + cost, 0);
  }
}

function stepsOf({ epochs, stepsPerEpoch }: PlannedStage): number {
  return epochs * stepsPerEpoch;
}

function costOf({ plan }: ActiveStage, steps: number): number {
  return (plan.cost * steps) / Math.max(1, stepsOf(plan));
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}
