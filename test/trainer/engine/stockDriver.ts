import * as wasm from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { runSelfTest } from '../../../src/trainer/engine/selfTest';
import { differenceOf, type Operation } from './correctness/operation';
import { operations } from './correctness/operations';

// Bundled and started by stockKernels.test.ts: computes every operation with the WebAssembly backend as it comes from
// upstream, without our repairs, and prints as JSON how far each is from the right numbers, or what it throws.

/** By the name of the operation; a text is the message of what was thrown. */
export type StockResults = Record<string, number | string>;

async function main(folder: string): Promise<StockResults> {
  wasm.setWasmPaths(folder);
  await tf.setBackend('wasm');
  const results: StockResults = { 'the self-test': await outcome(async () => (await runSelfTest()) ?? 0) };
  for (const operation of operations) results[operation.name] = await outcome(() => worstOf(operation));
  return results;
}

async function worstOf(operation: Operation): Promise<number> {
  const { worst } = await differenceOf(operation);
  // JSON has no infinity.
  return Math.min(worst, Number.MAX_VALUE);
}

async function outcome(run: () => Promise<number | string>): Promise<number | string> {
  try {
    return await run();
  } catch (error) {
    return (error as Error).message;
  }
}

void main(process.argv[2]!).then((results) => {
  console.log(JSON.stringify(results));
});
