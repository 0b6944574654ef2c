import * as tf from '@tensorflow/tfjs-core';

/**
 * The gradient of average pooling with padding. Forward, a window that hangs over the border is the mean of the pixels
 * inside; backward, the kernels of the plain JavaScript, WebAssembly and WebGPU backends divide by the whole window, so
 * gradients at the border are too small. https://github.com/tensorflow/tfjs/blob/tfjs-v4.22.0/tfjs-backend-cpu/src/kernels/AvgPoolGrad.ts
 *
 * Here the images are padded first and pooled without padding, where every kernel is right, after the gradient of each
 * output has been scaled by what its window lost at the border. Without padding the stock gradient stays in use.
 */
export function repairAvgPoolGradient(): void {
  const stock = tf.getGradient(tf.AvgPool);
  if (repairs.has(stock)) return;
  const repair: tf.GradConfig = {
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      const x = saved[0] as tf.Tensor4D;
      const pooling = attrs as unknown as tf.AvgPoolAttrs;
      const { filterSize, strides, pad, dimRoundingMode } = pooling;
      const geometry = tf.backend_util.computePool2DInfo(
        x.shape,
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
      );
      const { top, bottom, left, right } = geometry.padInfo;
      return top + bottom + left + right === 0
        ? stock.gradFunc(dy, saved, attrs)
        : { x: () => paddedGradient(dy as tf.Tensor4D, x, pooling, geometry) };
    },
  };
  repairs.add(repair);
  tf.registerGradient(repair);
}

const repairs = new WeakSet<tf.GradConfig>();

function paddedGradient(
  dy: tf.Tensor4D,
  x: tf.Tensor4D,
  { filterSize, strides }: tf.AvgPoolAttrs,
  geometry: tf.backend_util.Conv2DInfo,
): tf.Tensor {
  const { filterHeight, filterWidth, outHeight, outWidth, padInfo } = geometry;
  const { top, bottom, left, right } = padInfo;
  const rows = pixelsInside(outHeight, geometry.strideHeight, filterHeight, top, geometry.inHeight);
  const columns = pixelsInside(outWidth, geometry.strideWidth, filterWidth, left, geometry.inWidth);
  const lost = rows.flatMap((height) =>
    columns.map((width) => (filterHeight * filterWidth) / (height * width)),
  );
  const scaled = tf.mul(dy, tf.tensor4d(lost, [1, outHeight, outWidth, 1]));
  const padding: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const input = tf.pad(x, padding);
  const gradient: tf.Tensor4D = tf
    .engine()
    .runKernel(tf.AvgPoolGrad, { dy: scaled, input }, { filterSize, strides, pad: 'valid' });
  return tf.slice(gradient, [0, top, left, 0], x.shape);
}

/** For every window along one side, how many of its pixels lie in the image. */
function pixelsInside(
  windows: number,
  stride: number,
  size: number,
  before: number,
  length: number,
): number[] {
  return Array.from({ length: windows }, (_, window) => {
    const first = window * stride - before;
    return Math.min(first + size, length) - Math.max(first, 0);
  });
}
