import type { ProgressEvent } from '../../../src/runs/events';
import type { RunManifest } from '../../../src/runs/manifest';
import type { RoleReport, RunReport, Spread } from '../../../src/runs/report';
import type { RunModel } from '../../../src/editor/runs/runModel';
import type { RunProgress } from '../../../src/editor/runs/runProgress';

export function manifestOf(changes: Partial<RunManifest> = {}): RunManifest {
  return {
    version: 1,
    id: '20261123-174501-few-digits-3fa2',
    name: 'Few digits',
    state: 'done',
    file: '/my folder/few.distill.yaml',
    hash: 'ab',
    pid: 1,
    processStart: '',
    started: '2026-11-23T17:45:01.000Z',
    engines: [],
    seeds: [1, 2],
    roles: ['teacher', 'student', 'scratch'],
    classNames: [],
    versions: {},
    ...changes,
  };
}

export function runOf(changes: Partial<RunModel> = {}): RunModel {
  const manifest =
    changes.manifest ??
    manifestOf({ ...(changes.state && changes.state !== 'lost' && { state: changes.state }) });
  return {
    directory: `/my folder/.distillery/runs/${manifest.id}`,
    state: manifest.state,
    progress: undefined,
    report: null,
    ...changes,
    manifest,
  };
}

/** The progress of a run that trains one model. */
export function runProgressOf(fraction: number, runEtaSeconds: number): RunProgress {
  return { fraction, runEtaSeconds, stages: [progressOf(fraction, runEtaSeconds)] };
}

export function progressOf(fraction: number, runEtaSeconds: number): ProgressEvent {
  return {
    seq: 1,
    time: '',
    type: 'progress',
    stage: 'student/1/distill',
    role: 'student',
    seed: 1,
    epoch: 3,
    epochs: 20,
    step: 7,
    steps: 100,
    samplesPerSecond: 12_345.6,
    etaSeconds: 1,
    runEtaSeconds,
    fraction,
  };
}

export function reportOf(
  errors: { teacher?: number; student?: number; scratch?: number },
  expect: boolean[] = [],
): RunReport {
  const role = (mean: number): RoleReport => {
    const spread: Spread = { mean, sd: 1, values: [mean] };
    return {
      seeds: [1],
      errors: spread,
      accuracy: spread,
      loss: spread,
      ece: spread,
      parameters: 1,
      bytes: 1,
      multiplyAdds: 1,
      latencyMs: { one: 1, batch: 1, batchSize: 1 },
    };
  };
  return {
    version: 1,
    experiment: { name: 'Few digits', hash: 'ab' },
    engine: 'wasm',
    seeds: [1],
    testSamples: 10_000,
    roles: Object.fromEntries(Object.entries(errors).map(([name, mean]) => [name, role(mean)])),
    comparisons: [],
    expect: expect.map((pass, i) => ({ text: 'x', line: i + 1, pass, actual: '' })),
    seconds: 100,
  };
}
