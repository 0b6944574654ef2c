import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { derivedSeed } from '../random';

interface SeededDropoutOptions {
  name: string;
  /** Share of the inputs that are set to zero while training, 0…1 without 1. */
  rate: number;
  seed: number;
}

/**
 * Dropout (Srivastava et al. 2014) whose masks depend on the seed, the name of the layer and the step: a repeated or
 * resumed run draws the same masks. The stock layer draws the same mask at every step when it gets a seed, and others in
 * every run when it gets none.
 */
export class SeededDropout extends layers.Layer {
  /** The name under which the layer is saved: stock TensorFlow.js reads it back as its own dropout. */
  static readonly className: string = 'Dropout';

  /** Which training step the next mask belongs to. */
  step = 0;

  private readonly rate: number;
  private readonly seed: number;

  constructor({ name, rate, seed }: SeededDropoutOptions) {
    super({ name });
    this.rate = rate;
    this.seed = seed;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: { training?: boolean }): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return options.training === true ? tf.tidy(() => tf.mul(x, this.mask(x.shape))) : tf.clone(x);
  }

  override computeOutputShape(inputShape: number[]): number[] {
    return inputShape;
  }

  override getConfig(): { name: string; rate: number } {
    return { ...super.getConfig(), name: this.name, rate: this.rate };
  }

  /** 0 where the input is dropped, 1 / (1 − rate) elsewhere. */
  private mask(shape: number[]): tf.Tensor {
    const generator = xoroshiro128plus(derivedSeed(this.seed, 'dropout', this.name, this.step));
    const dropBelow = this.rate * 2 ** 32 - 2 ** 31;
    const kept = 1 / (1 - this.rate);
    const values = new Float32Array(tf.util.sizeFromShape(shape));
    for (let i = 0; i < values.length; i++) values[i] = generator.next() < dropBelow ? 0 : kept;
    return tf.tensor(values, shape);
  }
}
