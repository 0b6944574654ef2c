/** a · b + c, rounded once where the processor can, else twice. Which of the two is decided when the module is compiled. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** 1 when `multiplyAdd` rounds once on this machine, else 0: (1 + 2⁻²³)² − (1 + 2⁻²²) is 2⁻⁴⁶ only without rounding the product. */
export function roundsOnce(oneAndABit: f32, negativeSquare: f32): i32 {
  const x = f32x4.splat(oneAndABit);
  return i32(f32x4.extract_lane(multiplyAdd(x, x, f32x4.splat(negativeSquare)), 0) != 0);
}

/** The sum of the four numbers, always added in the same order. */
export function sumOfLanes(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Clamps numbers to minimum…maximum; what is not a number stays what it is. `count` is a multiple of 4. */
export function clamp(at: usize, count: i32, minimum: f32, maximum: f32): void {
  const low = f32x4.splat(minimum);
  const high = f32x4.splat(maximum);
  for (const end = at + ((<usize>count) << 2); at < end; at += 16)
    v128.store(at, f32x4.pmin(f32x4.pmax(v128.load(at), low), high));
}
