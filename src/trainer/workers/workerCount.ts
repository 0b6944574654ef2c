import os from 'node:os';
import { planArchitecture } from '../../experiment/architecture';
import type { ResolvedModel } from '../../experiment/resolved';
import type { EngineId } from '../../runs/manifest';
import { isLive, planStages, studentJobs } from '../plan';
import type { Prepared } from '../prepare';

/** How the processors are used. */
export interface WorkerCount {
  /** Students that are trained at once. */
  count: number;
  /** Where one student is trained at a time: another process asks the teacher about the next batches. */
  asksAhead: boolean;
  /** Why, for people. */
  reason: string;
}

export interface Machine {
  processors: number;
  /** Memory that is free. */
  freeBytes: number;
}

type Planned = Pick<Prepared, 'experiment' | 'dataset' | 'split' | 'transferSets'>;

/** Starting a process, loading data and an engine takes a second or two: less work than this is not worth it. */
const worthwhileMultiplyAdds = 3e10;
/** Node, TensorFlow.js and an empty heap. */
const baseBytes = 250e6;

/**
 * How many students are trained at once, and whether the teacher is asked in a process of its own. Without a wish: as many
 * as there are processors, but not more than jobs, not more than fit into the memory that is free, one when the work is
 * small, and one with native TensorFlow, which uses all processors for a single student.
 */
export function workerCount(
  wanted: number | 'auto',
  prepared: Planned,
  engine: EngineId,
  machine: Machine = thisMachine(),
): WorkerCount {
  const { count, reason } = studentsAtOnce(wanted, prepared, engine, machine);
  const isWorthwhile = wanted !== 'auto' || studentWork(prepared) >= worthwhileMultiplyAdds;
  const processes = wanted === 'auto' ? Math.min(machine.processors, fitting(prepared, machine)) : wanted;
  const asksAhead =
    count === 1 &&
    processes > 1 &&
    engine !== 'tensorflow' &&
    isWorthwhile &&
    prepared.experiment.distill.some(isLive);
  return { count, asksAhead, reason };
}

function studentsAtOnce(
  wanted: number | 'auto',
  prepared: Planned,
  engine: EngineId,
  machine: Machine,
): { count: number; reason: string } {
  const jobs = studentJobs(prepared.experiment).length;
  if (wanted !== 'auto')
    return { count: Math.min(wanted, jobs), reason: `${wanted} ${wanted === 1 ? 'was' : 'were'} asked for.` };
  if (jobs === 1) return { count: 1, reason: 'There is only one student to train.' };
  if (engine === 'tensorflow')
    return { count: 1, reason: 'Native TensorFlow uses all processors for one student.' };
  if (studentWork(prepared) < worthwhileMultiplyAdds)
    return {
      count: 1,
      reason: 'The students are trained in seconds; more processes would take longer to start.',
    };
  const wish = Math.min(machine.processors, jobs);
  const room = fitting(prepared, machine);
  return room < wish
    ? {
        count: room,
        reason: `More do not fit into the free memory: each may need ${Math.round(bytesOfWorker(prepared) / 1e6)} MB.`,
      }
    : { count: wish, reason: `There are ${machine.processors} processors and ${jobs} students to train.` };
}

/** An estimate from above of what a process that trains a student holds: data, both models, a step's activations. */
export function bytesOfWorker({ experiment, dataset }: Pick<Planned, 'experiment' | 'dataset'>): number {
  const plan = (model: ResolvedModel) =>
    planArchitecture(model.layers, [dataset.height, dataset.width, dataset.channels], dataset.classes);
  const imageSize = dataset.height * dataset.width * dataset.channels;
  const pixels = dataset.train.pixels.length + dataset.test.pixels.length;
  const validation = 4 * imageSize * experiment.data.validation;
  const [teacher, student] = [plan(experiment.teacher.model), plan(experiment.student.model)];
  const activations = ({ layers }: typeof student) =>
    layers.reduce(
      (sum, { outputShape }) => sum + [...outputShape].reduce((size, side) => size * side, 1),
      imageSize,
    );
  const batch = Math.max(...experiment.distill.map((stage) => stage.batch));
  const piece = 500;
  return (
    baseBytes +
    pixels +
    validation +
    // Weights, gradients, two slots of the optimiser, an average, the best ones and a checkpoint of all of these.
    4 * (teacher.parameters + 12 * student.parameters) +
    // Each activation of a step with its gradient and copies on the way; a prediction keeps one layer and the next.
    4 * (4 * batch * activations(student) + piece * activations(teacher))
  );
}

function studentWork(prepared: Planned): number {
  return planStages(prepared).reduce((sum, { role, cost }) => (role === 'teacher' ? sum : sum + cost), 0);
}

/** Processes for which there is room, at least one. What the leading process holds is no longer free. */
function fitting(prepared: Planned, { freeBytes }: Machine): number {
  return Math.max(1, Math.floor((0.8 * freeBytes) / bytesOfWorker(prepared)));
}

function thisMachine(): Machine {
  return { processors: os.availableParallelism(), freeBytes: os.freemem() };
}
