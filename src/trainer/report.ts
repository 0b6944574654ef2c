import { planArchitecture } from '../experiment/architecture';
import { contentHash } from '../experiment/hash';
import type { Role } from '../runs/events';
import type { RunReport } from '../runs/report';
import { openTrained, type TrainedModel } from './distillation';
import {
  checkExpectation,
  compareRoles,
  roleReport,
  type Cost,
  type TestResult,
} from './evaluation/finalReport';
import { measureLatency } from './evaluation/latency';
import { compareWithTeacher, measure, type Logits } from './evaluation/metrics';
import { reportTable } from './evaluation/reportTable';
import type { Model } from './models/model';
import type { RunContext } from './runContext';
import { logitsOf } from './training/teacherOutputs';

/**
 * Measures every trained model on the test data, which nothing has been chosen on, and draws up the report.
 *
 * @param started when the run began, in milliseconds since 1970.
 * @param lineOf the line of an `expect` entry in the experiment file.
 */
export async function testAndReport(
  context: RunContext,
  teacher: { trained: TrainedModel; model: Model },
  students: readonly TrainedModel[],
  started: number,
  lineOf: (expectation: number) => number,
): Promise<{ report: RunReport; table: string }> {
  const { results, costs } = await measureAll(context, teacher, students);
  const roles: RunReport['roles'] = {};
  for (const [role, entries] of results) roles[role] = roleReport(entries, costs.get(role)!);
  const comparisons = context.experiment.compare.flatMap(
    (against) => compareRoles(roles, 'student', against) ?? [],
  );
  const { experiment } = context;
  const report: RunReport = {
    version: 1,
    experiment: {
      name: experiment.name,
      hash: contentHash(experiment),
      ...(experiment.cite === undefined ? {} : { cite: experiment.cite }),
    },
    engine: context.engine,
    seeds: experiment.seeds,
    testSamples: context.dataset.test.count,
    roles,
    comparisons,
    expect: experiment.expect.map((line, index) => checkExpectation(line, lineOf(index), roles, comparisons)),
    seconds: (Date.now() - started) / 1000,
  };
  return { report, table: reportTable(report) };
}

interface Measured {
  results: Map<Role, TestResult[]>;
  /** The cost is that of the architecture, so the first seed stands for all. */
  costs: Map<Role, Cost>;
}

/** One model at a time is in memory beside the teacher. */
async function measureAll(
  context: RunContext,
  teacher: { trained: TrainedModel; model: Model },
  students: readonly TrainedModel[],
): Promise<Measured> {
  const { dataset, control } = context;
  const everything = Uint32Array.from({ length: dataset.test.count }, (_, i) => i);
  const measured: Measured = { results: new Map(), costs: new Map() };
  const measureOne = async (trained: TrainedModel, model: Model, ofTeacher: Logits | null) => {
    const { role, seed } = trained;
    const logits = await logitsOf(model, dataset, dataset.test, everything, control.listenOrStop);
    const metrics = measure(logits, dataset.test.labels);
    const fidelity = ofTeacher && compareWithTeacher(logits, ofTeacher);
    context.emit({ type: 'evaluation', role, seed, split: 'test', ...metrics, ...fidelity });
    const before = measured.results.get(role) ?? [];
    measured.results.set(role, [...before, { seed, metrics, ...(fidelity && { fidelity }) }]);
    if (!measured.costs.has(role)) measured.costs.set(role, await costOf(context, trained, model));
    return logits;
  };
  const ofTeacher = await measureOne(teacher.trained, teacher.model, null);
  for (const student of students) {
    const model = openTrained(context, student);
    await measureOne(student, model, ofTeacher);
    model.dispose();
  }
  return measured;
}

async function costOf(context: RunContext, { role, bytes }: TrainedModel, model: Model): Promise<Cost> {
  const { dataset, experiment } = context;
  const inputShape = [dataset.height, dataset.width, dataset.channels] as const;
  const { layers } = role === 'teacher' ? experiment.teacher.model : experiment.student.model;
  const { parameters, multiplyAdds } = planArchitecture(layers, inputShape, dataset.classes);
  return {
    parameters,
    multiplyAdds,
    bytes,
    latencyMs: await measureLatency(model, inputShape, context.control.listenOrStop),
  };
}
