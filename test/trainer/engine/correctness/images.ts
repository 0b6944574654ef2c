import * as tf from '@tensorflow/tfjs-core';
import {
  averagePool,
  convolve,
  depthwiseConvolve,
  maxPool,
  outputLength,
  type Images,
  type Window,
} from '../float64';
import { array, map, mean, reduce, valueAt, zip, type Array64 } from '../float64Arrays';
import { fusedFormulas, type FusedActivation } from './fused';
import { distinct, numbers, type Operation } from './operation';

const images: Images = { batch: 3, height: 7, width: 5, channels: 2 };
const imageShape = shapeOf(images);
const epsilon = 0.01;

const windows: Window[] = [
  { height: 3, width: 3, stride: 1, padding: 'same' },
  { height: 3, width: 3, stride: 1, padding: 'valid' },
  { height: 3, width: 3, stride: 2, padding: 'same' },
  { height: 3, width: 3, stride: 2, padding: 'valid' },
  { height: 2, width: 2, stride: 1, padding: 'same' },
  { height: 2, width: 2, stride: 2, padding: 'same' },
  { height: 2, width: 2, stride: 2, padding: 'valid' },
  { height: 1, width: 1, stride: 1, padding: 'valid' },
  { height: 1, width: 1, stride: 2, padding: 'same' },
  { height: 2, width: 4, stride: 1, padding: 'same' },
  { height: 5, width: 5, stride: 2, padding: 'same' },
  { height: 5, width: 5, stride: 3, padding: 'same' },
];

/** Vector units do several channels at once; these numbers of channels leave every remainder. */
const channelCounts = [1, 3, 4, 5, 8, 11];

/** Convolutions, poolings and normalisations. */
export const imageOperations: Operation[] = [
  ...windows.flatMap((window): Operation[] => [
    convolution(images, 3, window),
    depthwise(images, 1, window),
    depthwise(images, 2, window),
    maximum(images, window, 0),
    maximum(images, window, -3),
    average(images, window),
  ]),
  ...channelCounts.flatMap((channels) => {
    const some: Images = { batch: 3, height: 4, width: 3, channels };
    const [first, , strided] = windows as [Window, Window, Window];
    return [
      ...[1, 4, 7, 17].map((filters) => convolution(some, filters, strided)),
      convolution(some, 12, first),
      convolution(some, 9, { height: 1, width: 1, stride: 1, padding: 'same' }),
      depthwise(some, 1, first),
      depthwise(some, 1, strided),
      maximum(some, strided, -3),
      average(some, strided),
    ];
  }),
  ...(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).flatMap((activation) =>
    windows
      .slice(0, 4)
      .flatMap((window) => [fusedConvolution(activation, window), fusedDepthwise(activation, window)]),
  ),
  {
    name: 'conv2d, dilated, without gradient',
    inputs: [numbers(imageShape, 1), numbers([2, 2, 2, 3], 2)],
    differentiated: 0,
    compute: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
    expected: (x, filter) => {
      const window: Window = { height: 3, width: 3, stride: 1, padding: 'valid' };
      return pixels(convolve(x.values, dilated(filter).values, images, window, 3), images, window, 3);
    },
  },
  {
    name: 'depthwiseConv2d, dilated, without gradient',
    inputs: [numbers(imageShape, 1), numbers([2, 2, 2, 1], 2)],
    differentiated: 0,
    compute: (x, filter) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
    expected: (x, filter) => {
      const window: Window = { height: 3, width: 3, stride: 1, padding: 'valid' };
      return pixels(
        depthwiseConvolve(x.values, dilated(filter).values, images, window, 1),
        images,
        window,
        2,
      );
    },
  },
  {
    name: 'depthwiseConv2d, for the filter alone',
    inputs: [numbers([3, 3, 2, 1], 2), numbers(imageShape, 1)],
    differentiated: 1,
    compute: (filter, x) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'),
    expected: (filter, x) =>
      pixels(depthwiseConvolve(x.values, filter.values, images, windows[0]!, 1), images, windows[0]!, 2),
  },
  {
    name: 'global average pooling',
    inputs: [numbers(imageShape, 1)],
    compute: (x) => tf.mean(x, [1, 2]),
    expected: (x) => reduce(x, [1, 2], mean),
  },
  ...[imageShape, [3, 2], [3, 5, 2]].map((shape): Operation => ({
    name: `batchNorm, ${shape.join('×')}`,
    inputs: [
      numbers(shape, 1),
      numbers([2], 2),
      numbers([2], 3, { offset: 1.5 }),
      numbers([2], 4),
      numbers([2], 5),
    ],
    compute: (x, mean, variance, offset, scale) => tf.batchNorm(x, mean, variance, offset, scale, epsilon),
    expected: normalise,
  })),
  {
    name: 'batchNorm, statistics of the batch',
    inputs: [numbers(imageShape, 1), numbers([2], 4), numbers([2], 5)],
    compute: (x, offset, scale) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(x, mean, variance, offset, scale, epsilon);
    },
    expected: (x, offset, scale) => {
      const average = reduce(x, [0, 1, 2], mean);
      const centred = zip(x, average, (a, b) => a - b);
      const variance = reduce(
        zip(centred, centred, (a, b) => a * b),
        [0, 1, 2],
        mean,
      );
      return normalise(x, average, variance, offset, scale);
    },
  },
  {
    name: 'resizeNearestNeighbor, twice the size',
    inputs: [numbers([3, 3, 2, 2], 1)],
    compute: (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 4]),
    expected: (x) =>
      array([3, 6, 4, 2], ([image, y, left, channel]) =>
        valueAt(x, [image!, Math.floor(y! / 2), Math.floor(left! / 2), channel!]),
      ),
    wrongOn: {
      cpu: 'Its gradient mixes up the images of a batch. No layer of the experiment language enlarges images.',
    },
  },
];

function convolution(on: Images, filters: number, window: Window): Operation {
  return {
    name: `conv2d, ${written(window, on)}, ${filters} filters`,
    inputs: [numbers(shapeOf(on), 1), numbers([window.height, window.width, on.channels, filters], 2)],
    compute: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, window.stride, window.padding),
    expected: (x, filter) =>
      pixels(convolve(x.values, filter.values, on, window, filters), on, window, filters),
  };
}

function depthwise(on: Images, multiplier: number, window: Window): Operation {
  const { channels } = on;
  return {
    name: `depthwiseConv2d, ${written(window, on)}${multiplier === 1 ? '' : ', two filters for each'}`,
    inputs: [numbers(shapeOf(on), 1), numbers([window.height, window.width, channels, multiplier], 2)],
    compute: (x, filter) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, window.stride, window.padding),
    expected: (x, filter) =>
      pixels(
        depthwiseConvolve(x.values, filter.values, on, window, multiplier),
        on,
        window,
        channels * multiplier,
      ),
  };
}

function maximum(on: Images, window: Window, offset: number): Operation {
  return {
    name: `maxPool, ${written(window, on)}${offset === 0 ? '' : ', negative numbers only'}`,
    inputs: [distinct(shapeOf(on), 1, offset)],
    compute: (x) =>
      tf.maxPool(x as tf.Tensor4D, [window.height, window.width], window.stride, window.padding),
    expected: (x) => pixels(maxPool(x.values, on, window), on, window, on.channels),
  };
}

function average(on: Images, window: Window): Operation {
  return {
    name: `avgPool, ${written(window, on)}`,
    inputs: [numbers(shapeOf(on), 1)],
    compute: (x) =>
      tf.avgPool(x as tf.Tensor4D, [window.height, window.width], window.stride, window.padding),
    expected: (x) => pixels(averagePool(x.values, on, window), on, window, on.channels),
  };
}

function fusedConvolution(activation: FusedActivation, window: Window): Operation {
  return {
    name: `fused conv2d, ${written(window, images)}, bias and ${activation}`,
    inputs: [numbers(imageShape, 1), numbers([window.height, window.width, 2, 5], 2), numbers([5], 4)],
    compute: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        bias: bias,
        strides: window.stride,
        pad: window.padding,
        activation,
        leakyreluAlpha: 0.2,
      }),
    expected: (x, filter, bias) => {
      const sums = pixels(convolve(x.values, filter.values, images, window, 5), images, window, 5);
      return map(
        zip(sums, bias, (a, b) => a + b),
        fusedFormulas[activation],
      );
    },
  };
}

function fusedDepthwise(activation: FusedActivation, window: Window): Operation {
  return {
    name: `fused depthwiseConv2d, ${written(window, images)}, bias and ${activation}`,
    inputs: [numbers(imageShape, 1), numbers([window.height, window.width, 2, 1], 2), numbers([2], 4)],
    compute: (x, filter, bias) =>
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        bias: bias,
        strides: window.stride,
        pad: window.padding,
        activation,
        leakyreluAlpha: 0.2,
      }),
    expected: (x, filter, bias) => {
      const sums = pixels(depthwiseConvolve(x.values, filter.values, images, window, 1), images, window, 2);
      return map(
        zip(sums, bias, (a, b) => a + b),
        fusedFormulas[activation],
      );
    },
  };
}

/** The filter with a row and a column of zeros between its own: what dilation by 2 means. */
function dilated(filter: Array64): Array64 {
  const [height, width, ...others] = filter.shape as [number, number, number, number];
  return array([2 * height - 1, 2 * width - 1, ...others], ([row, column, from, to]) =>
    row! % 2 === 0 && column! % 2 === 0 ? valueAt(filter, [row! / 2, column! / 2, from!, to!]) : 0,
  );
}

function shapeOf({ batch, height, width, channels }: Images): number[] {
  return [batch, height, width, channels];
}

function normalise(
  x: Array64,
  average: Array64,
  variance: Array64,
  offset: Array64,
  scale: Array64,
): Array64 {
  const deviation = { ...variance, values: variance.values.map((value) => Math.sqrt(value + epsilon)) };
  const standard = zip(
    zip(x, average, (a, b) => a - b),
    deviation,
    (a, b) => a / b,
  );
  return zip(
    zip(standard, scale, (a, b) => a * b),
    offset,
    (a, b) => a + b,
  );
}

function pixels(values: number[], on: Images, window: Window, channels: number): Array64 {
  const { length: height } = outputLength(on.height, window.height, window.stride, window.padding);
  const { length: width } = outputLength(on.width, window.width, window.stride, window.padding);
  return { shape: [on.batch, height, width, channels], values };
}

function written({ height, width, stride, padding }: Window, { channels }: Images): string {
  return `${height}×${width}, stride ${stride}, ${padding}, ${channels} channels`;
}
