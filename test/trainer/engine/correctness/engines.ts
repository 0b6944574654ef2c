import { NoEngineError, openEngine, type WantedEngine } from '../../../../src/trainer/engine/engine';

export const engines = ['wasm', 'native', 'cpu'] as const satisfies WantedEngine[];

export type CheckedEngine = (typeof engines)[number];

/** The folder from which native TensorFlow is looked for besides the repository's own packages. */
const nativeFolder = 'DISTILLERY_NATIVE';

/**
 * Makes the engine the active one.
 *
 * @returns why native TensorFlow cannot be checked here; undefined when it can
 */
export async function open(engine: CheckedEngine): Promise<string | undefined> {
  const folder = process.env[nativeFolder];
  try {
    await openEngine(engine, { searchFrom: folder === undefined ? [] : [folder] });
    return undefined;
  } catch (error) {
    if (engine !== 'native' || !(error instanceof NoEngineError)) throw error;
    // One that was asked for by name has to work.
    if (folder !== undefined) throw error;
    return `${error.probes[0]!.reason!} ${nativeFolder} may name a folder that has it.`;
  }
}

declare module 'vitest' {
  interface TaskMeta {
    /** How far the engine was from the right numbers, for the table that `npm run check:engines` prints. */
    worst?: number;
    /** Why this engine may be wrong here. */
    upstream?: string;
  }
}
