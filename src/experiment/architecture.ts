import type { LayerSpec } from './resolved';

/** `[height, width, channels]` of an image, or `[units]` of a row. */
export type Shape = readonly [number, number, number] | readonly [number];

/** One layer of a network with its name, shapes and cost. */
export interface LayerPlan {
  /** `conv_1`, `dense_2`, …, `logits`: what the dashboard and loss terms call the layer. */
  name: string;
  spec: LayerSpec;
  inputShape: Shape;
  outputShape: Shape;
  /** Trainable weights and, for batch normalisation, also its running mean and variance. */
  parameters: number;
  /** Multiply-adds of one forward pass of one sample; additions of biases and nonlinearities are not counted. */
  multiplyAdds: number;
}

export interface Architecture {
  layers: LayerPlan[];
  parameters: number;
  multiplyAdds: number;
}

/** A layer that cannot stand where it stands. */
export class ArchitectureError extends Error {
  constructor(
    message: string,
    /** Index into the layers that were given. */
    readonly layer: number,
  ) {
    super(message);
  }
}

/**
 * Works out names, shapes and costs, and adds what is understood: a `flatten` before the first dense layer of an image,
 * and the layer of `logits` at the end.
 *
 * @throws {ArchitectureError}
 */
export function planArchitecture(
  layers: readonly LayerSpec[],
  inputShape: Shape,
  classes: number,
): Architecture {
  const plans: LayerPlan[] = [];
  const counts = new Map<string, number>();
  let shape = inputShape;

  const add = (spec: LayerSpec, index: number, name?: string): void => {
    const { outputShape, parameters, multiplyAdds } = measure(spec, shape, index);
    const number = (counts.get(spec.kind) ?? 0) + 1;
    counts.set(spec.kind, number);
    plans.push({
      name: name ?? `${spec.kind}_${number}`,
      spec,
      inputShape: shape,
      outputShape,
      parameters,
      multiplyAdds,
    });
    shape = outputShape;
  };

  layers.forEach((spec, index) => {
    if (spec.kind === 'dense' && shape.length === 3) add({ kind: 'flatten' }, index);
    add(spec, index);
  });
  if (shape.length === 3) add({ kind: 'flatten' }, layers.length);
  add({ kind: 'dense', units: classes, activation: 'linear' }, layers.length, 'logits');

  return {
    layers: plans,
    parameters: plans.reduce((sum, plan) => sum + plan.parameters, 0),
    multiplyAdds: plans.reduce((sum, plan) => sum + plan.multiplyAdds, 0),
  };
}

interface Measure {
  outputShape: Shape;
  parameters: number;
  multiplyAdds: number;
}

function measure(spec: LayerSpec, shape: Shape, index: number): Measure {
  switch (spec.kind) {
    case 'dense': {
      const inputs = size(shape);
      return {
        outputShape: [spec.units],
        parameters: inputs * spec.units + spec.units,
        multiplyAdds: inputs * spec.units,
      };
    }
    case 'conv': {
      const [height, width, channels] = image(spec.kind, shape, index);
      const out = (length: number) =>
        windows(length, spec.kernel, spec.stride, spec.padding, 'kernel', index);
      const [outHeight, outWidth] = [out(height), out(width)];
      const kernelWeights = spec.kernel * spec.kernel * channels * spec.filters;
      return {
        outputShape: [outHeight, outWidth, spec.filters],
        parameters: kernelWeights + spec.filters,
        multiplyAdds: kernelWeights * outHeight * outWidth,
      };
    }
    case 'depthwise_conv': {
      const [height, width, channels] = image(spec.kind, shape, index);
      const out = (length: number) =>
        windows(length, spec.kernel, spec.stride, spec.padding, 'kernel', index);
      const [outHeight, outWidth] = [out(height), out(width)];
      const kernelWeights = spec.kernel * spec.kernel * channels;
      return {
        outputShape: [outHeight, outWidth, channels],
        parameters: kernelWeights + channels,
        multiplyAdds: kernelWeights * outHeight * outWidth,
      };
    }
    case 'max_pool':
    case 'avg_pool': {
      const [height, width, channels] = image(spec.kind, shape, index);
      const out = (length: number) => windows(length, spec.size, spec.stride, 'valid', 'window', index);
      return { outputShape: [out(height), out(width), channels], parameters: 0, multiplyAdds: 0 };
    }
    case 'global_pool': {
      const [, , channels] = image(spec.kind, shape, index);
      return { outputShape: [channels], parameters: 0, multiplyAdds: 0 };
    }
    case 'norm': {
      const channels = shape[shape.length - 1]!;
      return { outputShape: shape, parameters: 4 * channels, multiplyAdds: size(shape) };
    }
    case 'flatten':
      return { outputShape: [size(shape)], parameters: 0, multiplyAdds: 0 };
    case 'dropout':
    case 'activation':
      return { outputShape: shape, parameters: 0, multiplyAdds: 0 };
  }
}

function size(shape: Shape): number {
  return (shape as readonly number[]).reduce((product, length) => product * length, 1);
}

function image(kind: LayerSpec['kind'], shape: Shape, index: number): readonly [number, number, number] {
  if (shape.length === 3) return shape;
  const words = {
    conv: 'A convolution',
    depthwise_conv: 'A depthwise convolution',
    max_pool: 'Pooling',
    avg_pool: 'Pooling',
    global_pool: 'Global pooling',
  };
  throw new ArchitectureError(
    `${words[kind as keyof typeof words]} needs an image, but what reaches it is one row of ${shape[0]} numbers: put it before flatten and dense layers.`,
    index,
  );
}

function windows(
  length: number,
  window: number,
  stride: number,
  padding: 'same' | 'valid',
  what: 'kernel' | 'window',
  index: number,
): number {
  if (padding === 'same') return Math.ceil(length / stride);
  if (window > length)
    throw new ArchitectureError(
      `The ${what} of ${window}×${window} is larger than the image of ${length}×${length} that reaches it: use a smaller one, or fewer poolings before it.`,
      index,
    );
  return Math.floor((length - window) / stride) + 1;
}
