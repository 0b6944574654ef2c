import * as tf from '@tensorflow/tfjs-core';
// The layers package also registers the gradients of every operation, without which nothing can be trained.
import '@tensorflow/tfjs-layers';
import type { EngineId, EngineProbe } from '../../runs/manifest';
import { registerGradientRepairs } from './kernels/kernelPack';
import { openNative } from './native';
import { runSelfTest } from './selfTest';
import { openWasm } from './wasm';

export type WantedEngine = 'auto' | 'native' | 'wasm' | 'cpu';

export interface EngineOptions {
  /** Folders from which `@tensorflow/tfjs-node` is looked for, in order, before the one that the set-up installed. */
  searchFrom: string[];
  /** This process is going to train: should a native library crash in it, that is remembered. */
  guarded?: boolean;
}

/** The engine that is ready: every TensorFlow.js operation of this process now runs on it. */
export interface OpenEngine {
  id: EngineId;
  /** Why this one and none before it, for people. */
  reason: string;
  /** Every engine that was looked at, in order; the last one is the engine in use. */
  probes: EngineProbe[];
}

/** No engine can be used. Its message is for people; `probes` says why for each. */
export class NoEngineError extends Error {
  constructor(
    message: string,
    readonly probes: EngineProbe[],
  ) {
    super(message);
    this.name = 'NoEngineError';
  }
}

/**
 * Makes an engine ready. `auto` takes native TensorFlow when it loads and passes the self-test, else WebAssembly.
 * The `cpu` engine is plain JavaScript, hundreds of times slower, and never chosen by itself.
 *
 * @throws {NoEngineError}
 */
export async function openEngine(wanted: WantedEngine, options: EngineOptions): Promise<OpenEngine> {
  const probes: EngineProbe[] = [];
  for (const id of candidates[wanted]) {
    const probe = await probeEngine(id, options, wanted);
    probes.push(probe);
    if (probe.ok) return { id, reason: reasonFor(wanted, probes), probes };
  }
  throw new NoEngineError(refusal(wanted, probes), probes);
}

/** Tries every engine that people can choose. The process should end afterwards: which engine stays active is not told. */
export async function probeEngines(options: EngineOptions): Promise<EngineProbe[]> {
  return [await probeEngine('tensorflow', options, 'auto'), await probeEngine('wasm', options, 'auto')];
}

const candidates: Record<WantedEngine, EngineId[]> = {
  auto: ['tensorflow', 'wasm'],
  native: ['tensorflow'],
  wasm: ['wasm'],
  cpu: ['cpu'],
};

/** The wish that gives this engine and no other. */
export const wishFor: Record<EngineId, WantedEngine> = { tensorflow: 'native', wasm: 'wasm', cpu: 'cpu' };

const titles: Record<EngineId, string> = {
  tensorflow: 'Native TensorFlow',
  wasm: 'WebAssembly',
  cpu: 'Plain JavaScript',
};

async function probeEngine(id: EngineId, options: EngineOptions, wanted: WantedEngine): Promise<EngineProbe> {
  const start = performance.now();
  const finish = (rest: Pick<EngineProbe, 'ok'> & { reason?: string; version?: string }): EngineProbe => ({
    id,
    ...rest,
    milliseconds: Math.round(performance.now() - start),
  });
  try {
    // Fewer consistency checks in every operation, and no chatter on the console from a second copy of the library.
    tf.enableProdMode();
    const version = await open[id](options, wanted);
    registerGradientRepairs();
    const failure = await runSelfTest();
    return failure === undefined
      ? finish({ ok: true, version })
      : finish({ ok: false, reason: failure, version });
  } catch (error) {
    return finish({ ok: false, reason: error instanceof Error ? error.message : String(error) });
  }
}

/** Each makes its backend the active one and returns its version. */
const open: Record<EngineId, (options: EngineOptions, wanted: WantedEngine) => Promise<string>> = {
  tensorflow: ({ searchFrom, guarded = false }, wanted) =>
    openNative({ searchFrom, evenIfCrashed: wanted === 'native', guarded }),
  wasm: () => openWasm(),
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    if (!(await tf.setBackend('cpu'))) throw new Error('The plain JavaScript engine does not start.');
    return `TensorFlow.js ${tf.version_core}`;
  },
};

function reasonFor(wanted: WantedEngine, probes: EngineProbe[]): string {
  const { id } = probes.at(-1)!;
  if (wanted !== 'auto') return `${titles[id]} was asked for.`;
  if (id === 'tensorflow') return `${titles[id]} is the fastest engine, and it passed its self-test.`;
  return `${titles[id]} is used because native TensorFlow cannot be. ${probes[0]!.reason!}`;
}

function refusal(wanted: WantedEngine, probes: EngineProbe[]): string {
  const reasons = probes.map(({ id, reason }) => `${titles[id]} cannot be used. ${reason!}`).join(' ');
  return wanted === 'native'
    ? `${reasons} To train without it, choose the engine "auto" or "wasm".`
    : reasons;
}
