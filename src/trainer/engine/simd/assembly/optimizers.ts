/*
 * Steps of optimisers in one pass over memory: weights and what is remembered of each are changed in place. The formulas
 * stand in training/optimizers.ts.
 */

/** @param addMean 1 − keepMean, and `addSquare` 1 − keepSquare, rounded once from double precision. @param decay of the weights, as part of the gradient. @param keep what is left of a weight before the step. */
export function adamStep(
  weight: usize,
  mean: usize,
  square: usize,
  gradient: usize,
  count: i32,
  rate: f32,
  keepMean: f32,
  addMean: f32,
  keepSquare: f32,
  addSquare: f32,
  epsilon: f32,
  decay: f32,
  keep: f32,
): void {
  const end = weight + ((<usize>count) << 2);
  for (; weight + 16 <= end; weight += 16, mean += 16, square += 16, gradient += 16) {
    const w = v128.load(weight);
    const g = f32x4.add(v128.load(gradient), f32x4.mul(w, f32x4.splat(decay)));
    const m = f32x4.add(
      f32x4.mul(v128.load(mean), f32x4.splat(keepMean)),
      f32x4.mul(g, f32x4.splat(addMean)),
    );
    const squared = f32x4.mul(f32x4.mul(g, g), f32x4.splat(addSquare));
    const s = f32x4.add(f32x4.mul(v128.load(square), f32x4.splat(keepSquare)), squared);
    const direction = f32x4.div(m, f32x4.add(f32x4.sqrt(s), f32x4.splat(epsilon)));
    v128.store(mean, m);
    v128.store(square, s);
    const change = f32x4.mul(direction, f32x4.splat(rate));
    v128.store(weight, f32x4.sub(f32x4.mul(w, f32x4.splat(keep)), change));
  }
  for (; weight < end; weight += 4, mean += 4, square += 4, gradient += 4) {
    const w = load<f32>(weight);
    const g = load<f32>(gradient) + w * decay;
    const m = load<f32>(mean) * keepMean + g * addMean;
    const s = load<f32>(square) * keepSquare + g * g * addSquare;
    store<f32>(mean, m);
    store<f32>(square, s);
    store<f32>(weight, w * keep - (m / (sqrt(s) + epsilon)) * rate);
  }
}

/** @param velocity 0 without momentum */
export function sgdStep(
  weight: usize,
  velocity: usize,
  gradient: usize,
  count: i32,
  rate: f32,
  momentum: f32,
  nesterov: i32,
  decay: f32,
): void {
  const end = weight + ((<usize>count) << 2);
  for (; weight + 16 <= end; weight += 16, gradient += 16) {
    const w = v128.load(weight);
    const g = f32x4.add(v128.load(gradient), f32x4.mul(w, f32x4.splat(decay)));
    let direction = g;
    if (velocity != 0) {
      const v = f32x4.add(f32x4.mul(v128.load(velocity), f32x4.splat(momentum)), g);
      v128.store(velocity, v);
      velocity += 16;
      direction = nesterov ? f32x4.add(g, f32x4.mul(v, f32x4.splat(momentum))) : v;
    }
    v128.store(weight, f32x4.sub(w, f32x4.mul(direction, f32x4.splat(rate))));
  }
  for (; weight < end; weight += 4, gradient += 4) {
    const w = load<f32>(weight);
    const g = load<f32>(gradient) + w * decay;
    let direction = g;
    if (velocity != 0) {
      const v = load<f32>(velocity) * momentum + g;
      store<f32>(velocity, v);
      velocity += 4;
      direction = nesterov ? g + v * momentum : v;
    }
    store<f32>(weight, w - direction * rate);
  }
}

/** @param velocity 0 without momentum */
export function rmspropStep(
  weight: usize,
  square: usize,
  velocity: usize,
  gradient: usize,
  count: i32,
  rate: f32,
  keepSquare: f32,
  addSquare: f32,
  epsilon: f32,
  momentum: f32,
  decay: f32,
): void {
  const end = weight + ((<usize>count) << 2);
  for (; weight + 16 <= end; weight += 16, square += 16, gradient += 16) {
    const w = v128.load(weight);
    const g = f32x4.add(v128.load(gradient), f32x4.mul(w, f32x4.splat(decay)));
    const squared = f32x4.mul(f32x4.mul(g, g), f32x4.splat(addSquare));
    const s = f32x4.add(f32x4.mul(v128.load(square), f32x4.splat(keepSquare)), squared);
    v128.store(square, s);
    let direction = f32x4.div(g, f32x4.add(f32x4.sqrt(s), f32x4.splat(epsilon)));
    if (velocity != 0) {
      direction = f32x4.add(f32x4.mul(v128.load(velocity), f32x4.splat(momentum)), direction);
      v128.store(velocity, direction);
      velocity += 16;
    }
    v128.store(weight, f32x4.sub(w, f32x4.mul(direction, f32x4.splat(rate))));
  }
  for (; weight < end; weight += 4, square += 4, gradient += 4) {
    const w = load<f32>(weight);
    const g = load<f32>(gradient) + w * decay;
    const s = load<f32>(square) * keepSquare + g * g * addSquare;
    store<f32>(square, s);
    let direction = g / (sqrt(s) + epsilon);
    if (velocity != 0) {
      direction = load<f32>(velocity) * momentum + direction;
      store<f32>(velocity, direction);
      velocity += 4;
    }
    store<f32>(weight, w - direction * rate);
  }
}

/** The sum of the squares, in double precision. */
export function sumOfSquares(from: usize, count: i32): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  const end = from + ((<usize>count) << 2);
  for (; from + 16 <= end; from += 16) {
    const x = v128.load(from);
    const low = f64x2.promote_low_f32x4(x);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const sums = f64x2.add(even, odd);
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; from < end; from += 4) {
    const x = <f64>load<f32>(from);
    sum += x * x;
  }
  return sum;
}
