import type { ConvolutionFinish } from './convolution';
import type { Simd } from './simd';

/** A convolution with a 3×3 window and stride 1. Weights are read by steps in bytes, so they can be turned around. */
export interface SmallConvolution {
  images: number;
  inHeight: number;
  inWidth: number;
  inChannels: number;
  outHeight: number;
  outWidth: number;
  outChannels: number;
  top: number;
  left: number;
  /** Address of the weight of the first tap and first channels. */
  filter: number;
  tapStep: number;
  inStep: number;
  outStep: number;
}

/** Whether it can be done, and is faster than by the definition: with few channels the transforms cost too much. */
export function fitsWinograd(inChannels: number, outChannels: number): boolean {
  return inChannels >= 16 && outChannels >= 16 && inChannels % 4 === 0 && outChannels % 4 === 0;
}

/** y = clamp(conv(x) + bias) by the algorithm in `assembly/winograd.ts`. */
export function convolveByWinograd(
  simd: Simd,
  shape: SmallConvolution,
  x: number,
  y: number,
  { bias, minimum, maximum }: ConvolutionFinish,
): void {
  const { images, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, top, left } = shape;
  const { kernels } = simd;
  const [tilesY, tilesX] = [Math.ceil(outHeight / 2), Math.ceil(outWidth / 2)];
  const [height, width] = [2 * tilesY + 2, 2 * tilesX + 2];
  const imageLength = height * width * inChannels;
  const perPart = Math.max(1, Math.min(images, Math.floor(partLength / imageLength)));
  const tilesPerImage = tilesY * tilesX;
  const columns = Math.ceil(outChannels / 8) * 8;
  // As many tiles as keep both transformed blocks in the second-level cache, in sixes, which is what is multiplied at once.
  const block = 6 * Math.max(1, Math.floor(blockLength / (16 * 6 * (inChannels + outChannels))));
  const [tile, run, tiles, from, to, turned, packed, inputs, products, biases, copy] = simd.scratch(
    320,
    4,
    4 * perPart * tilesPerImage,
    4 * block,
    4 * 16 * block,
    4 * 16 * inChannels * outChannels,
    4 * 16 * inChannels * columns,
    4 * 16 * block * inChannels,
    4 * 16 * block * outChannels,
    4 * outChannels,
    4 * perPart * imageLength,
  );
  kernels.transformFilter(
    shape.filter,
    shape.tapStep,
    shape.inStep,
    shape.outStep,
    inChannels,
    outChannels,
    turned,
  );
  for (let k = 0; k < 16; k++)
    kernels.packColumns(
      turned + 4 * k * inChannels * outChannels,
      outChannels,
      1,
      inChannels,
      outChannels,
      packed + 4 * k * inChannels * columns,
    );
  kernels.fillAddresses(run, 0, 0, 1);
  kernels.fillAddresses(from, inputs, 4 * inChannels, block);
  kernels.fillAddresses(to, products, 4 * outChannels, 16 * block);
  const rowBytes = 4 * width * inChannels;
  kernels.fillGrid(tiles, copy, perPart, 4 * imageLength, tilesY, 2 * rowBytes, tilesX, 8 * inChannels);
  if (bias === 0) simd.clear(biases, outChannels);
  else simd.copy(biases, bias, outChannels);

  for (let image = 0; image < images; image += perPart) {
    const count = Math.min(perPart, images - image);
    const start = x + 4 * image * inHeight * inWidth * inChannels;
    kernels.padImages(start, count, inHeight, inWidth, inChannels, top, left, copy, height, width);
    const target = y + 4 * image * outHeight * outWidth * outChannels;
    for (let first = 0; first < count * tilesPerImage; first += block) {
      const rows = Math.min(block, count * tilesPerImage - first);
      kernels.transformInput(tiles + 4 * first, rows, inChannels, rowBytes, inputs, block);
      for (let k = 0; k < 16; k++)
        kernels.multiplyRows(
          tile,
          from,
          4 * k * block * inChannels,
          to + 4 * k * block,
          rows,
          run,
          1,
          inChannels,
          packed + 4 * k * inChannels * columns,
          outChannels,
          0,
          -Infinity,
          Infinity,
        );
      kernels.transformOutput(
        products,
        first,
        rows,
        block,
        outChannels,
        biases,
        minimum,
        maximum,
        target,
        outHeight,
        outWidth,
      );
    }
  }
}

/** Numbers of the copied images: 1 MB. */
const partLength = 2 ** 18;

/** Numbers of both transformed blocks: 512 kB. */
const blockLength = 2 ** 17;
