import * as tf from '@tensorflow/tfjs-core';
import type { NamedVariable } from '../models/model';

/** A weight that is averaged: those that gradients change, and the running statistics of batch normalisation. */
export type AveragedVariable = Pick<NamedVariable, 'name' | 'variable'>;

/**
 * The exponential moving average of weights: a̅ ← a̅ − (1 − d) · (a̅ − w) after every step of the optimiser. Averaged
 * weights lie nearer to where noisy steps circle around (Polyak & Juditsky 1992, SIAM J. Control Optim. 30:838;
 * Tarvainen & Valpola 2017, arXiv:1703.01780).
 *
 * The average starts at the first weights, which are random. So that they are soon forgotten, d is
 * min(decay, (1 + t) / (10 + t)) after t steps, as in TensorFlow's `ExponentialMovingAverage` with `num_updates`: the
 * average is then over about the last tenth of the steps until that is longer than 1 / (1 − decay).
 *
 * It owns its tensors: `dispose` frees them.
 */
export class WeightAverage {
  private steps = 0;
  private readonly averages = new Map<string, tf.Tensor>();
  /** The weights of training, while the averaged ones stand in the model. */
  private readonly aside = new Map<string, tf.Tensor>();

  constructor(
    private readonly variables: readonly AveragedVariable[],
    private readonly decay: number,
  ) {
    // A clone would share memory with the variable, into which some engines write.
    for (const { name, variable } of variables) this.keep(name, () => tf.mul(variable, 1));
  }

  /** Takes in the weights; to be called after every step of the optimiser. */
  update(): void {
    if (this.aside.size > 0) throw new Error('The average cannot take itself in: swap out first.');
    const taken = 1 - Math.min(this.decay, (1 + this.steps) / (10 + this.steps));
    this.steps++;
    for (const { name, variable } of this.variables) {
      const average = this.averages.get(name)!;
      this.keep(name, () => tf.sub(average, tf.mul(tf.sub(average, variable), taken)));
    }
  }

  /** Puts the averaged weights into the model, to be validated or saved, until `swapOut`. Nothing is copied. */
  swapIn(): void {
    if (this.aside.size > 0) throw new Error('The averaged weights stand in the model already.');
    for (const { name, variable } of this.variables) {
      this.aside.set(name, tf.keep(tf.clone(variable)));
      assign(variable, this.averages.get(name)!);
    }
  }

  /** Puts the weights of training back, bit for bit. */
  swapOut(): void {
    if (this.aside.size === 0) throw new Error('The averaged weights do not stand in the model.');
    for (const { name, variable } of this.variables) assign(variable, this.aside.get(name)!);
    tf.dispose([...this.aside.values()]);
    this.aside.clear();
  }

  /** A copy of what it remembers: `step`, and the average of every weight by the weight's name. */
  async slots(): Promise<Map<string, Float32Array>> {
    const saved = new Map([['step', Float32Array.of(this.steps)]]);
    for (const [name, average] of this.averages) saved.set(name, Float32Array.from(await average.data()));
    return saved;
  }

  /** Goes on from what `slots` gave. @throws an Error when an average is missing or has another size. */
  restore(slots: ReadonlyMap<string, Float32Array>): void {
    const step = slots.get('step')?.[0];
    if (step === undefined) throw new Error('The saved average has no step.');
    this.steps = step;
    for (const { name, variable } of this.variables) {
      const values = slots.get(name);
      if (values?.length !== variable.size)
        throw new Error(
          `The average of ${name} should be ${variable.size} numbers, but is ${values?.length ?? 'missing'}.`,
        );
      this.keep(name, () => tf.tensor(values.slice(), variable.shape));
    }
  }

  dispose(): void {
    tf.dispose([...this.averages.values(), ...this.aside.values()]);
    this.averages.clear();
    this.aside.clear();
  }

  /** The average outlives the scope in which it is computed, and the one before it is freed. */
  private keep(name: string, compute: () => tf.Tensor): void {
    const before = this.averages.get(name);
    this.averages.set(name, tf.keep(tf.tidy(compute)));
    before?.dispose();
  }
}

/** The variable shares the tensor's memory from then on. */
function assign(variable: tf.Variable, value: tf.Tensor): void {
  tf.tidy(() => variable.assign(value));
}
