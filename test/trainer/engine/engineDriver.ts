import * as tf from '@tensorflow/tfjs-core';
import {
  NoEngineError,
  openEngine,
  probeEngines,
  type WantedEngine,
} from '../../../src/trainer/engine/engine';

// Bundled and started by engine.test.ts as the trainer is: opens an engine and prints what came of it as JSON.

async function main([wanted, ...searchFrom]: string[]): Promise<unknown> {
  if (wanted === 'probe') return { probes: await probeEngines({ searchFrom }) };
  try {
    const engine = await openEngine(wanted as WantedEngine, { searchFrom });
    const listeners =
      process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
    return { ...engine, backend: tf.getBackend(), listeners, tensors: tf.memory().numTensors };
  } catch (error) {
    if (!(error instanceof NoEngineError)) throw error;
    return { refused: error.message, probes: error.probes };
  }
}

void main(process.argv.slice(2)).then((result) => {
  console.log(JSON.stringify(result));
});
