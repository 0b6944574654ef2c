import { planArchitecture } from '../experiment/architecture';
import { contentHash } from '../experiment/hash';
import type { Role } from '../runs/events';
import type { RunReport } from '../runs/report';
import type { TrainedModel } from './distillation';
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
import type { RunContext } from './runContext';
import { logitsOf } from './training/teacherOutputs';

/**
 * Measures every trained model on the test data, which nothing has been chosen on, and draws up the report.
 *
 * @param models the teacher first.
 * @param started when the run began, in milliseconds since 1970.
 * @param lineOf the line of an `expect` entry in the experiment file.
 */
export async function testAndReport(
  context: RunContext,
  models: readonly TrainedModel[],
  started: number,
  lineOf: (expectation: number) => number,
): Promise<{ report: RunReport; table: string }> {
  const results = await testResults(context, models);
  const roles: RunReport['roles'] = {};
  for (const [role, entries] of results)
    roles[role] = roleReport(
      entries,
      await costOf(
        context,
        models.find((model) => model.role === role)!,
      ),
    );
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

async function testResults(
  context: RunContext,
  models: readonly TrainedModel[],
): Promise<Map<Role, TestResult[]>> {
  const { dataset, control } = context;
  const everything = Uint32Array.from({ length: dataset.test.count }, (_, i) => i);
  const results = new Map<Role, TestResult[]>();
  let teacher: Logits | null = null;
  for (const { role, seed, model } of models) {
    const logits = await logitsOf(model, dataset, dataset.test, everything, control.listenOrStop);
    const metrics = measure(logits, dataset.test.labels);
    const fidelity = teacher && role !== 'teacher' ? compareWithTeacher(logits, teacher) : undefined;
    if (role === 'teacher') teacher = logits;
    context.emit({ type: 'evaluation', role, seed, split: 'test', ...metrics, ...fidelity });
    results.set(role, [...(results.get(role) ?? []), { seed, metrics, ...(fidelity && { fidelity }) }]);
  }
  return results;
}

/** The cost is that of the architecture, so one seed stands for all. */
async function costOf(context: RunContext, { role, model, bytes }: TrainedModel): Promise<Cost> {
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
