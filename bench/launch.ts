import { once } from 'node:events';
import readline from 'node:readline';
import type { RunEvent } from '../src/runs/events';
import { median } from './statistics';
import { readExample, Workspace } from './workspace';

const example = 'mnist-few.distill.yaml';

export interface LaunchResult {
  /** Seconds from starting `run` to its first point of a curve, of each try. */
  seconds: number[];
}

export async function measureLaunch(tries: number, say: (line: string) => void): Promise<LaunchResult> {
  const seconds: number[] = [];
  for (let i = 1; i <= tries; i++) {
    say(`launch: ${i} of ${tries}`);
    seconds.push(await secondsToFirstMetric());
  }
  return { seconds };
}

export function launchLine({ seconds }: LaunchResult): string {
  return `From starting \`run examples/${example}\` to the first point of a curve, npm only: ${median(seconds).toFixed(2)} s (median of ${seconds.length}).`;
}

/** @throws an Error when the run ends before */
async function secondsToFirstMetric(): Promise<number> {
  const workspace = new Workspace(readExample(example));
  const start = performance.now();
  const child = workspace.start('wasm');
  const closed = once(child, 'close');
  try {
    for await (const line of readline.createInterface({ input: child.stdout! }))
      if ((JSON.parse(line) as RunEvent).type === 'metrics') return (performance.now() - start) / 1000;
    throw new Error(`The run of ${example} ended without a point of a curve.`);
  } finally {
    child.kill('SIGKILL');
    await closed;
    workspace.dispose();
  }
}
