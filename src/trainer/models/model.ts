import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { predictFolded } from './foldedPrediction';
import type { SeededDropout } from './seededDropout';

/** A weight that training changes. */
export interface NamedVariable {
  /** `dense_1/kernel`, the same for every model, engine and process. */
  name: string;
  variable: tf.Variable;
  /** Whether weight decay shrinks it: false for biases and for the scale and offset of normalisation. */
  decays: boolean;
}

/** A network with its weights. It owns them: `dispose` frees everything. */
export class Model {
  readonly trainable: readonly NamedVariable[];
  /** Weights, and the running means and variances of batch normalisation. */
  readonly parameters: number;
  /** Training passes so far: every one draws other dropout masks. It belongs into checkpoints. */
  step = 0;

  private readonly variables: ReadonlyMap<string, tf.Variable>;

  constructor(
    readonly model: LayersModel,
    private readonly dropouts: readonly SeededDropout[],
  ) {
    const variables = model.layers.flatMap((layer) =>
      layer.weights.map((weight) => ({
        name: `${layer.name}/${lastPart(weight.originalName)}`,
        // The library marks the variable as protected, but its optimisers take it from here, too.
        variable: (weight as unknown as { val: tf.Variable }).val,
        trainable: weight.trainable,
      })),
    );
    this.variables = new Map(variables.map(({ name, variable }) => [name, variable]));
    this.trainable = variables
      .filter(({ trainable }) => trainable)
      .map(({ name, variable }) => ({ name, variable, decays: /\/(depthwise_)?kernel$/.test(name) }));
    this.parameters = model.countParams();
  }

  /** Logits `[batch, classes]` in evaluation mode: no dropout, running statistics of batch normalisation. */
  predict(x: tf.Tensor): tf.Tensor2D {
    return predictFolded(this.model, x) as tf.Tensor2D;
  }

  /** Logits `[batch, classes]` in training mode; gradients flow when called inside `tf.variableGrads`. */
  forward(x: tf.Tensor): tf.Tensor2D {
    for (const dropout of this.dropouts) dropout.step = this.step;
    this.step++;
    return tf.tidy(() => this.model.apply(x, { training: true }) as tf.Tensor2D);
  }

  /** Every weight, also those that are not trained. */
  named(): { name: string; variable: tf.Variable }[] {
    return [...this.variables].map(([name, variable]) => ({ name, variable }));
  }

  /** The shape of every weight, also of those that are not trained, by name. */
  shapes(): Map<string, number[]> {
    return new Map([...this.variables].map(([name, variable]) => [name, variable.shape]));
  }

  /** A copy of every weight, also those that are not trained, by name. */
  async weights(): Promise<Map<string, Float32Array>> {
    const entries = [...this.variables].map(async ([name, variable]) => {
      // Some engines hand out the memory that the variable lives in.
      return [name, Float32Array.from(await variable.data())] as const;
    });
    return new Map(await Promise.all(entries));
  }

  /** @throws an Error when a weight is missing, unknown or has another size */
  setWeights(weights: ReadonlyMap<string, Float32Array>): void {
    for (const name of weights.keys())
      if (!this.variables.has(name)) throw new Error(`The network has no weights named ${name}.`);
    for (const [name, variable] of this.variables) {
      const values = weights.get(name);
      if (values?.length !== variable.size)
        throw new Error(
          `The weights ${name} should be ${variable.size} numbers, but are ${values?.length ?? 'missing'}.`,
        );
      tf.tidy(() => variable.assign(tf.tensor(values.slice(), variable.shape)));
    }
  }

  dispose(): void {
    this.model.dispose();
  }
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
