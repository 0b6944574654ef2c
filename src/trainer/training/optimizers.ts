import * as tf from '@tensorflow/tfjs-core';
import type { ResolvedOptimizer } from '../../experiment/resolved';
import type { NamedVariable } from '../models/model';
import { heapAddress, heapStep, heapSumOfSquares, onHeap, ownHeapAddress, type HeapStep } from './heapSteps';

/**
 * Changes weights along their gradients. Everything it remembers between steps is named, so it can be saved and brought
 * back. It owns its slots: `dispose` frees them.
 */
export interface Optimizer {
  /**
   * One step. Every variable needs a gradient of its own shape.
   *
   * @param learningRate after the schedule
   * @throws an Error when a gradient is missing
   */
  apply(
    gradients: ReadonlyMap<string, tf.Tensor>,
    variables: readonly NamedVariable[],
    learningRate: number,
  ): void;
  /** A copy of what it remembers: `step`, and for example `dense_1/kernel/mean`. */
  slots(): Promise<Map<string, Float32Array>>;
  /** Goes on from what `slots` gave, for the same variables. */
  restore(slots: ReadonlyMap<string, Float32Array>, variables: readonly NamedVariable[]): void;
  dispose(): void;
}

/**
 * The optimisers do what PyTorch's of the same names do, to within rounding; weight decay leaves out
 * biases and normalisation. TensorFlow.js has no decoupled decay and keeps its slots by position.
 */
export function createOptimizer(spec: ResolvedOptimizer): Optimizer {
  return new SlottedOptimizer(rules[spec.kind](spec as never), heapStep(spec));
}

/**
 * Scales all gradients down together when their common norm is larger than `maximum`; the map then holds the scaled ones.
 * The small number keeps the quotient finite, as in PyTorch's `clip_grad_norm_`. Call it inside a tidy scope.
 * Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063.
 *
 * @returns the norm before clipping
 */
export function clipByGlobalNorm(gradients: Map<string, tf.Tensor>, maximum: number): { norm: number } {
  const norm = Math.sqrt(sumOfSquares([...gradients.values()]));
  const factor = maximum / (norm + 1e-6);
  if (factor < 1) for (const [name, gradient] of gradients) gradients.set(name, tf.mul(gradient, factor));
  return { norm };
}

function sumOfSquares(gradients: readonly tf.Tensor[]): number {
  if (onHeap()) return gradients.reduce((sum, gradient) => sum + heapSumOfSquares(gradient), 0);
  return tf.tidy(() => tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))).dataSync()[0]!);
}

/** One step of one variable: its new value and the new values of its slots. */
type Rule = (at: {
  weight: tf.Tensor;
  gradient: tf.Tensor;
  decays: boolean;
  slots: Slots;
  rate: number;
  step: number;
}) => { weight: tf.Tensor; slots: Slots };

type Slots = Record<string, tf.Tensor>;
type Spec<Kind extends ResolvedOptimizer['kind']> = Extract<ResolvedOptimizer, { kind: Kind }>;

const rules = { sgd, adam, adamw: adam, rmsprop };

/** v ← m·v + g; w ← w − rate·v, or w − rate·(g + m·v) with Nesterov. Sutskever et al. 2013. */
function sgd({ momentum, nesterov, weightDecay }: Spec<'sgd'>): Rule {
  return ({ weight, gradient, decays, slots, rate }) => {
    const g = decays ? addL2(gradient, weight, weightDecay) : gradient;
    if (momentum === 0) return { weight: tf.sub(weight, tf.mul(g, rate)), slots: {} };
    const velocity = slots['velocity'] ? tf.add(tf.mul(slots['velocity'], momentum), g) : tf.clone(g);
    const direction = nesterov ? tf.add(g, tf.mul(velocity, momentum)) : velocity;
    return { weight: tf.sub(weight, tf.mul(direction, rate)), slots: { velocity } };
  };
}

/**
 * m ← β₁m + (1−β₁)g; s ← β₂s + (1−β₂)g²; w ← w − rate·m̂/(√ŝ + ε). Kingma & Ba 2015, arXiv:1412.6980. With AdamW the
 * weight first shrinks by rate·λ, apart from the gradient. Loshchilov & Hutter 2019, arXiv:1711.05101.
 */
function adam({ kind, beta1, beta2, epsilon, weightDecay }: Spec<'adam'>): Rule {
  const decoupled = kind === 'adamw';
  return ({ weight, gradient, decays, slots, rate, step }) => {
    const g = decays && !decoupled ? addL2(gradient, weight, weightDecay) : gradient;
    const shrunk = decays && decoupled && weightDecay > 0 ? tf.mul(weight, 1 - rate * weightDecay) : weight;
    const mean = average(slots['mean'], g, beta1);
    const square = average(slots['square'], tf.square(g), beta2);
    // Both corrections go into the rate, as at the end of section 2 of the paper: fewer passes over large weights.
    const correction = Math.sqrt(1 - beta2 ** step);
    const direction = tf.div(mean, tf.add(tf.sqrt(square), epsilon * correction));
    const change = tf.mul(direction, (rate * correction) / (1 - beta1 ** step));
    return { weight: tf.sub(shrunk, change), slots: { mean, square } };
  };
}

/** s ← d·s + (1−d)·g²; w ← w − rate·g/(√s + ε), with momentum over the quotient when asked. Tieleman & Hinton 2012. */
function rmsprop({ decay, momentum, epsilon, weightDecay }: Spec<'rmsprop'>): Rule {
  return ({ weight, gradient, decays, slots, rate }) => {
    const g = decays ? addL2(gradient, weight, weightDecay) : gradient;
    const square = average(slots['square'], tf.square(g), decay);
    const direction = tf.div(g, tf.add(tf.sqrt(square), epsilon));
    if (momentum === 0) return { weight: tf.sub(weight, tf.mul(direction, rate)), slots: { square } };
    const velocity = slots['velocity'] ? tf.add(tf.mul(slots['velocity'], momentum), direction) : direction;
    return { weight: tf.sub(weight, tf.mul(velocity, rate)), slots: { square, velocity } };
  };
}

function addL2(gradient: tf.Tensor, weight: tf.Tensor, decay: number): tf.Tensor {
  return decay === 0 ? gradient : tf.add(gradient, tf.mul(weight, decay));
}

/** A running mean that starts at 0. */
function average(previous: tf.Tensor | undefined, value: tf.Tensor, keep: number): tf.Tensor {
  const part = tf.mul(value, 1 - keep);
  return previous ? tf.add(tf.mul(previous, keep), part) : part;
}

class SlottedOptimizer implements Optimizer {
  private step = 0;
  private readonly slotsOf = new Map<string, Slots>();

  constructor(
    private readonly rule: Rule,
    private readonly heapStep: HeapStep,
  ) {}

  apply(
    gradients: ReadonlyMap<string, tf.Tensor>,
    variables: readonly NamedVariable[],
    learningRate: number,
  ): void {
    this.step++;
    for (const { name, variable, decays } of variables) {
      const gradient = gradients.get(name);
      if (gradient === undefined) throw new Error(`There is no gradient for ${name}.`);
      const at = { variable, gradient, decays, rate: learningRate };
      if (onHeap()) this.applyOnHeap(name, at);
      else this.applyByTensors(name, at);
    }
  }

  private applyByTensors(name: string, { variable, ...rest }: ApplyAt): void {
    const old = this.slotsOf.get(name) ?? {};
    tf.tidy(() => {
      const { weight, slots } = this.rule({ ...rest, weight: variable, slots: old, step: this.step });
      variable.assign(weight);
      this.slotsOf.set(name, kept(slots));
    });
    tf.dispose(old);
  }

  private applyOnHeap(name: string, { variable, gradient, decays, rate }: ApplyAt): void {
    let slots = this.slotsOf.get(name);
    if (slots === undefined) {
      slots = tf.tidy(() => kept(zeros(this.heapStep.slotNames, variable.shape)));
      this.slotsOf.set(name, slots);
    }
    const { slotNames } = this.heapStep;
    this.heapStep.run({
      weight: ownHeapAddress(variable),
      slots: slotNames.map((slot) => heapAddress(slots[slot]!)),
      gradient: heapAddress(gradient),
      count: variable.size,
      decays,
      rate,
      step: this.step,
    });
  }

  async slots(): Promise<Map<string, Float32Array>> {
    const saved = new Map([['step', Float32Array.of(this.step)]]);
    for (const [name, slots] of this.slotsOf)
      for (const [slot, tensor] of Object.entries(slots))
        saved.set(`${name}/${slot}`, Float32Array.from(await tensor.data()));
    return saved;
  }

  restore(saved: ReadonlyMap<string, Float32Array>, variables: readonly NamedVariable[]): void {
    const step = saved.get('step')?.[0];
    if (step === undefined) throw new Error('The saved optimiser has no step.');
    this.dispose();
    this.step = step;
    for (const { name, variable } of variables) {
      const slots = [...saved].filter(([key]) => key.slice(0, key.lastIndexOf('/')) === name);
      if (slots.length === 0) continue;
      const tensors = slots.map(([key, values]) => [
        key.slice(name.length + 1),
        tf.tensor(values.slice(), variable.shape),
      ]);
      this.slotsOf.set(name, kept(Object.fromEntries(tensors) as Slots));
    }
  }

  dispose(): void {
    for (const slots of this.slotsOf.values()) tf.dispose(slots);
    this.slotsOf.clear();
    this.step = 0;
  }
}

interface ApplyAt {
  variable: tf.Variable;
  gradient: tf.Tensor;
  decays: boolean;
  rate: number;
}

function zeros(names: readonly string[], shape: number[]): Slots {
  return Object.fromEntries(names.map((name) => [name, tf.zeros(shape)]));
}

/** Slots outlive the scope in which they were computed. */
function kept(slots: Slots): Slots {
  for (const tensor of Object.values(slots)) tf.keep(tensor);
  return slots;
}
