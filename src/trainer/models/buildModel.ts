import * as layers from '@tensorflow/tfjs-layers';
import { planArchitecture, type LayerPlan } from '../../experiment/architecture';
import type { LayerSpec } from '../../experiment/resolved';
import type { Activation } from '../../experiment/schema/models';
import { randomFor } from '../random';
import { initialWeights } from './initialWeights';
import { Model } from './model';
import { SeededDropout } from './seededDropout';

export interface ModelOptions {
  /** `[height, width, channels]` */
  inputShape: readonly [number, number, number];
  /** Units of the layer of logits. */
  classes: number;
  seed: number;
  /** The role: `teacher`, `student`, `scratch`. Part of what the first weights are drawn from. */
  name: string;
}

/**
 * Builds a network that ends in a linear dense layer named `logits`. Layers are named and shaped as `planArchitecture`
 * says. The first weights depend on the seed, the name of the model and the name of each layer, and on nothing else: they
 * are the same numbers on every engine.
 *
 * @throws {ArchitectureError} when the shapes do not fit
 */
export function buildModel(specs: readonly LayerSpec[], options: ModelOptions): Model {
  const { inputShape, classes, seed, name } = options;
  const plans = planArchitecture(specs, inputShape, classes).layers;
  const dropouts: SeededDropout[] = [];
  const network = layers.sequential({ name });
  for (const plan of plans)
    for (const layer of layersOf(plan, seed)) {
      if (network.layers.length === 0) setInputShape(layer, inputShape);
      if (layer instanceof SeededDropout) dropouts.push(layer);
      network.add(layer);
    }
  const model = new Model(network, dropouts);
  model.setWeights(
    new Map(plans.flatMap((plan) => initialWeights(plan, randomFor(seed, 'weights', name, plan.name)))),
  );
  return model;
}

/** One layer, or two where TensorFlow.js has the nonlinearity only as a layer of its own. */
function layersOf({ name, spec }: LayerPlan, seed: number): layers.layers.Layer[] {
  switch (spec.kind) {
    case 'dense':
      return withActivation(spec.activation, name, (activation) =>
        layers.layers.dense({ name, units: spec.units, activation, ...zeros }),
      );
    case 'conv':
      return withActivation(spec.activation, name, (activation) =>
        layers.layers.conv2d({
          name,
          filters: spec.filters,
          kernelSize: spec.kernel,
          strides: spec.stride,
          padding: spec.padding,
          activation,
          ...zeros,
        }),
      );
    case 'depthwise_conv':
      return withActivation(spec.activation, name, (activation) =>
        layers.layers.depthwiseConv2d({
          name,
          kernelSize: spec.kernel,
          strides: spec.stride,
          padding: spec.padding,
          activation,
          depthwiseInitializer: 'zeros',
        }),
      );
    case 'norm':
      // Without scale and offset training crashes: https://github.com/tensorflow/tfjs/issues/2868
      return [
        layers.layers.batchNormalization({
          name,
          momentum: spec.momentum,
          epsilon: spec.epsilon,
          ...scaleAndOffset,
        }),
      ];
    case 'max_pool':
      return [layers.layers.maxPooling2d({ name, poolSize: spec.size, strides: spec.stride })];
    case 'avg_pool':
      return [layers.layers.averagePooling2d({ name, poolSize: spec.size, strides: spec.stride })];
    case 'global_pool':
      return [layers.layers.globalAveragePooling2d({ name })];
    case 'flatten':
      return [layers.layers.flatten({ name })];
    case 'dropout':
      return [new SeededDropout({ name, rate: spec.rate, seed })];
    case 'activation':
      return [activationLayer(spec.activation, name)];
  }
}

type FusedActivation = Exclude<Activation, 'leaky_relu'>;

const scaleAndOffset = { scale: true, center: true };

/** The library's own first weights would be drawn for nothing. */
const zeros = { kernelInitializer: 'zeros' } as const;

function withActivation(
  activation: Activation,
  name: string,
  make: (activation: FusedActivation) => layers.layers.Layer,
): layers.layers.Layer[] {
  if (activation !== 'leaky_relu') return [make(activation)];
  return [make('linear'), activationLayer(activation, `${name}_leaky_relu`)];
}

function activationLayer(activation: Activation, name: string): layers.layers.Layer {
  if (activation === 'leaky_relu') return layers.layers.leakyReLU({ name, alpha: leakyReluSlope });
  return layers.layers.activation({ name, activation });
}

/** The slope for negative numbers of Maas et al. 2013, and PyTorch's default. */
const leakyReluSlope = 0.01;

function setInputShape(layer: layers.layers.Layer, inputShape: readonly number[]): void {
  layer.batchInputShape = [null, ...inputShape];
}
