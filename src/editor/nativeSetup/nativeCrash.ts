import { crashName, noteEnd } from '../../native/crashes';
import { distilleryHome } from '../../native/home';
import type { TrainerExit } from '../launch/trainerProcess';

/**
 * What ended a trainer, e.g. `SIGSEGV`, when that was a crash of native TensorFlow; undefined otherwise. It is remembered
 * then: the engine `auto` takes WebAssembly from now on.
 */
export function nativeCrash(exit: TrainerExit): string | undefined {
  // Node ends itself by the same signal when JavaScript has no memory left, which is nobody's crash.
  if (exit.pid === undefined || exit.output.includes('JavaScript heap out of memory')) return undefined;
  return noteEnd(distilleryHome(), exit.pid, exit) ? crashName(exit) : undefined;
}
