import * as tf from '@tensorflow/tfjs-core';
import type { layers, LayersModel } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/**
 * A network's outputs in evaluation mode, with fewer passes over the images: a batch normalisation behind a convolution
 * only scales and shifts each channel then, so it becomes part of the convolution's weights, and a ReLU behind it part of
 * the convolution itself. The weights are folded anew at every call, which costs next to nothing beside the batch, so they
 * may change in between. Results differ from the layers' own by rounding alone.
 *
 * @param network a plain sequence of layers
 */
export function predictFolded(network: LayersModel, x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    let y = x;
    for (let i = 0; i < network.layers.length;) {
      const [layer, norm, next] = network.layers.slice(i, i + 3) as [
        Layer,
        Layer | undefined,
        Layer | undefined,
      ];
      const convolution = convolutionBefore(layer, norm);
      if (convolution === undefined) {
        y = layer.apply(y, { training: false }) as tf.Tensor;
        i++;
        continue;
      }
      const activation = next === undefined ? undefined : fusedActivation(next);
      y = convolution(y as tf.Tensor4D, folded(norm!), activation ?? 'linear');
      i += activation === undefined ? 2 : 3;
    }
    return y;
  });
}

type Convolution = (x: tf.Tensor4D, norm: Folded, activation: 'linear' | 'relu') => tf.Tensor;

/** What a batch normalisation does to every channel: x · factor + term. */
interface Folded {
  factor: tf.Tensor1D;
  term: tf.Tensor1D;
}

/** The convolution of a layer whose sums go into a batch normalisation as they are; undefined when it is another layer. */
function convolutionBefore(layer: Layer, norm: Layer | undefined): Convolution | undefined {
  if (norm?.getClassName() !== 'BatchNormalization') return undefined;
  const config = layer.getConfig() as unknown as ConvolutionConfig;
  if (config.activation !== 'linear') return undefined;
  const { strides, padding } = config;
  const [kernel, bias] = layer.getWeights() as [tf.Tensor4D, tf.Tensor1D];
  switch (layer.getClassName()) {
    case 'Conv2D':
      return (x, { factor, term }, activation) =>
        tf.fused.conv2d({
          x,
          filter: tf.mul<tf.Tensor4D>(kernel, factor),
          strides,
          pad: padding,
          bias: tf.add(tf.mul(bias, factor), term),
          activation,
        });
    case 'DepthwiseConv2D':
      return (x, { factor, term }, activation) =>
        tf.fused.depthwiseConv2d({
          x,
          filter: tf.mul<tf.Tensor4D>(kernel, tf.reshape(factor, kernel.shape.slice(2))),
          strides,
          pad: padding,
          bias: tf.add(tf.mul(bias, factor), term),
          activation,
        });
    default:
      return undefined;
  }
}

interface ConvolutionConfig {
  activation?: string;
  strides: [number, number];
  padding: 'same' | 'valid';
}

function folded(norm: Layer): Folded {
  const [scale, offset, mean, variance] = norm.getWeights() as [
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor1D,
  ];
  const { epsilon } = norm.getConfig() as { epsilon: number };
  const factor: tf.Tensor1D = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)));
  return { factor, term: tf.sub(offset, tf.mul(mean, factor)) };
}

function fusedActivation(layer: Layer): 'linear' | 'relu' | undefined {
  if (layer.getClassName() !== 'Activation') return undefined;
  const { activation } = layer.getConfig() as { activation: string };
  return activation === 'relu' || activation === 'linear' ? activation : undefined;
}
