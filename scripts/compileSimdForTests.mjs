// Vitest's set-up of the trainer's tests, which run the sources: the kernels must have been compiled.
import { compileSimd } from './simd.mjs';

export async function setup() {
  await compileSimd();
}
