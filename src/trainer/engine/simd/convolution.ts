import type { backend_util } from '@tensorflow/tfjs-core';
import { multiply } from './matrixProduct';
import type { Simd } from './simd';
import { convolveByWinograd, fitsWinograd } from './winograd';

/** What is written at the end of a convolution: one number a channel is added, then the sum is clamped. */
export interface ConvolutionFinish {
  /** An address; 0 for none. */
  bias: number;
  minimum: number;
  maximum: number;
}

/*
 * Convolutions are products of matrices that are never written: the rows of the left one are the patches of the images.
 * A patch is one run of numbers for each row of its window, because images are stored row by row with their channels side
 * by side, so `multiplyRows` reads it where it lies, in a copy of a few images with zeros around them.
 */

/** y = clamp(conv(x) + bias). Addresses are those of the whole batch. */
export function convolve(
  simd: Simd,
  geometry: backend_util.Conv2DInfo,
  x: number,
  filter: number,
  y: number,
  { bias, minimum, maximum }: ConvolutionFinish,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = geometry;
  const { dilationHeight, dilationWidth } = geometry;
  const inner = filterHeight * filterWidth * inChannels;
  if (isPointwise(geometry)) {
    const rows = batchSize * outHeight * outWidth;
    const a = { address: x, rowStride: inChannels, columnStride: 1 };
    const b = { address: filter, rowStride: outChannels, columnStride: 1 };
    multiply(simd, { a, b, c: y, rows, inner, columns: outChannels, bias, minimum, maximum });
    return;
  }
  if (isSmall(geometry) && fitsWinograd(inChannels, outChannels)) {
    const steps = { tapStep: 4 * inChannels * outChannels, inStep: 4 * outChannels, outStep: 4 };
    const { top, left } = padInfo;
    const shape = { ...geometry, images: batchSize, top, left, filter, ...steps };
    convolveByWinograd(simd, shape, x, y, { bias, minimum, maximum });
    return;
  }
  const { kernels } = simd;
  const height = (outHeight - 1) * strideHeight + (filterHeight - 1) * dilationHeight + 1;
  const width = (outWidth - 1) * strideWidth + (filterWidth - 1) * dilationWidth + 1;
  const padded = padInfo.top > 0 || padInfo.left > 0 || height > inHeight || width > inWidth;
  const [rowLength, imageLength] = padded
    ? [width * inChannels, height * width * inChannels]
    : [inWidth * inChannels, inHeight * inWidth * inChannels];
  const perPart = imagesPerPart(batchSize, imageLength);
  const positions = outHeight * outWidth;
  const columns = roundedUp(outChannels);
  const runsPerRow = dilationWidth === 1 ? 1 : filterWidth;
  const [tile, runs, from, to, packed, paddedBias, copy] = simd.scratch(
    tileBytes,
    4 * filterHeight * runsPerRow,
    4 * perPart * positions,
    4 * perPart * positions,
    4 * inner * columns,
    4 * columns,
    padded ? 4 * perPart * imageLength : 0,
  );
  kernels.packColumns(filter, outChannels, 1, inner, outChannels, packed);
  const rowStep = 4 * dilationHeight * rowLength;
  kernels.fillGrid(runs, 0, 1, 0, filterHeight, rowStep, runsPerRow, 4 * dilationWidth * inChannels);
  if (bias !== 0) {
    simd.clear(paddedBias, columns);
    simd.copy(paddedBias, bias, outChannels);
  }
  for (let image = 0; image < batchSize; image += perPart) {
    const images = Math.min(perPart, batchSize - image);
    const start = x + 4 * image * inHeight * inWidth * inChannels;
    if (padded) {
      const { top, left } = padInfo;
      kernels.padImages(start, images, inHeight, inWidth, inChannels, top, left, copy, height, width);
    }
    const step = 4 * strideWidth * inChannels;
    const base = padded ? copy : start;
    const perRow = 4 * strideHeight * rowLength;
    kernels.fillGrid(from, base, images, 4 * imageLength, outHeight, perRow, outWidth, step);
    kernels.fillAddresses(to, y + 4 * image * positions * outChannels, 4 * outChannels, images * positions);
    kernels.multiplyRows(
      tile,
      from,
      0,
      to,
      images * positions,
      runs,
      filterHeight * runsPerRow,
      inner / (filterHeight * runsPerRow),
      packed,
      outChannels,
      bias === 0 ? 0 : paddedBias,
      minimum,
      maximum,
    );
  }
}

/**
 * The gradient of the filter: for each weight the sum, over all positions, of what it sees times the gradient of the
 * output. The images are copied channel by channel, so that the positions of a row of the output are a run.
 */
export function filterGradient(
  simd: Simd,
  geometry: backend_util.Conv2DInfo,
  x: number,
  dy: number,
  filter: number,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = geometry;
  const weights = filterHeight * filterWidth * inChannels;
  const positions = outHeight * outWidth;
  if (isPointwise(geometry)) {
    const a = { address: x, rowStride: 1, columnStride: inChannels };
    const b = { address: dy, rowStride: outChannels, columnStride: 1 };
    const inner = batchSize * positions;
    const unlimited = { bias: 0, minimum: -Infinity, maximum: Infinity };
    multiply(simd, { a, b, c: filter, rows: weights, inner, columns: outChannels, ...unlimited });
    return;
  }
  const { kernels } = simd;
  const planeHeight = outHeight + Math.floor((filterHeight - 1) / strideHeight);
  const planeWidth = outWidth + Math.floor((filterWidth - 1) / strideWidth);
  const plane = planeHeight * planeWidth;
  const channelLength = strideHeight * strideWidth * plane;
  const imageLength = inChannels * channelLength;
  const perPart = imagesPerPart(batchSize, imageLength);
  const rowsAtOnce = Math.max(1, Math.floor(positionsAtOnce / outWidth));
  const [tile, runs, from, to, packed, planes] = simd.scratch(
    tileBytes,
    4 * perPart * outHeight,
    4 * weights,
    4 * weights,
    4 * Math.min(rowsAtOnce, perPart * outHeight) * outWidth * roundedUp(outChannels),
    4 * perPart * imageLength,
  );
  kernels.fillGrid(runs, 0, perPart, 4 * imageLength, outHeight, 4 * planeWidth, 1, 0);
  kernels.fillAddresses(to, filter, 4 * outChannels, weights);
  for (let row = 0; row < filterHeight; row++)
    for (let column = 0; column < filterWidth; column++) {
      const phase = (row % strideHeight) * strideWidth + (column % strideWidth);
      const first =
        phase * plane + Math.floor(row / strideHeight) * planeWidth + Math.floor(column / strideWidth);
      const entry = (row * filterWidth + column) * inChannels;
      kernels.fillAddresses(from + 4 * entry, planes + 4 * first, 4 * channelLength, inChannels);
    }
  for (let image = 0; image < batchSize; image += perPart) {
    const images = Math.min(perPart, batchSize - image);
    kernels.splitIntoPlanes(
      x + 4 * image * inHeight * inWidth * inChannels,
      images,
      inHeight,
      inWidth,
      inChannels,
      padInfo.top,
      padInfo.left,
      strideHeight,
      strideWidth,
      planes,
      planeHeight,
      planeWidth,
    );
    const gradients = dy + 4 * image * positions * outChannels;
    for (let row = 0; row < images * outHeight; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, images * outHeight - row);
      const there = gradients + 4 * row * outWidth * outChannels;
      kernels.packColumns(there, outChannels, 1, rows * outWidth, outChannels, packed);
      const first = image === 0 && row === 0 ? 0 : 1;
      kernels.multiplyRows(
        tile,
        from,
        0,
        to,
        weights,
        runs + 4 * row,
        rows,
        outWidth,
        packed,
        outChannels,
        first,
        -Infinity,
        Infinity,
      );
    }
  }
}

/**
 * The gradient of the input. Positions whose row and column have the same remainders by the strides are reached by the
 * same weights, so for each pair of remainders it is a convolution of the gradients of the output, without a stride, with
 * those weights turned around.
 */
export function inputGradient(
  simd: Simd,
  geometry: backend_util.Conv2DInfo,
  dy: number,
  filter: number,
  dx: number,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = geometry;
  if (isPointwise(geometry)) {
    const a = { address: dy, rowStride: outChannels, columnStride: 1 };
    const b = { address: filter, rowStride: 1, columnStride: outChannels };
    const rows = batchSize * outHeight * outWidth;
    const unlimited = { bias: 0, minimum: -Infinity, maximum: Infinity };
    multiply(simd, { a, b, c: dx, rows, inner: outChannels, columns: inChannels, ...unlimited });
    return;
  }
  if (isSmall(geometry) && fitsWinograd(outChannels, inChannels)) {
    const shape = {
      images: batchSize,
      inHeight: outHeight,
      inWidth: outWidth,
      inChannels: outChannels,
      outHeight: inHeight,
      outWidth: inWidth,
      outChannels: inChannels,
      top: 2 - padInfo.top,
      left: 2 - padInfo.left,
      // The last tap comes first.
      filter: filter + 4 * 8 * inChannels * outChannels,
      tapStep: -4 * inChannels * outChannels,
      inStep: 4,
      outStep: 4 * outChannels,
    };
    convolveByWinograd(simd, shape, dy, dx, { bias: 0, minimum: -Infinity, maximum: Infinity });
    return;
  }
  const { kernels } = simd;
  const marginY = Math.ceil(filterHeight / strideHeight) - 1;
  const marginX = Math.ceil(filterWidth / strideWidth) - 1;
  const height = marginY + Math.max(outHeight, Math.floor((inHeight - 1 + padInfo.top) / strideHeight) + 1);
  const width = marginX + Math.max(outWidth, Math.floor((inWidth - 1 + padInfo.left) / strideWidth) + 1);
  const imageLength = height * width * outChannels;
  const perPart = imagesPerPart(batchSize, imageLength);
  const columns = roundedUp(inChannels);
  const inner = (marginY + 1) * (marginX + 1) * outChannels;
  const positions = Math.ceil(inHeight / strideHeight) * Math.ceil(inWidth / strideWidth);
  const phases = strideHeight * strideWidth;
  const [tile, runs, from, to, turned, packed, copy] = simd.scratch(
    tileBytes,
    4 * (marginY + 1),
    4 * perPart * positions,
    4 * perPart * positions,
    4 * inner * inChannels,
    4 * phases * inner * columns,
    4 * perPart * imageLength,
  );
  const phaseOf = (phase: number) => {
    const [y, x] = [Math.floor(phase / strideWidth), phase % strideWidth];
    // How many rows and columns of the filter reach these positions.
    const [rows, cols] = [
      Math.ceil((filterHeight - y) / strideHeight),
      Math.ceil((filterWidth - x) / strideWidth),
    ];
    return { y, x, rows: Math.max(0, rows), columns: Math.max(0, cols) };
  };
  for (let phase = 0; phase < phases; phase++) {
    const taps = phaseOf(phase);
    for (let row = 0; row < taps.rows; row++)
      for (let column = 0; column < taps.columns; column++) {
        const filterRow = taps.y + strideHeight * (taps.rows - 1 - row);
        const filterColumn = taps.x + strideWidth * (taps.columns - 1 - column);
        const weights = filter + 4 * (filterRow * filterWidth + filterColumn) * inChannels * outChannels;
        const entry = turned + 4 * (row * taps.columns + column) * outChannels * inChannels;
        kernels.transpose(weights, outChannels, inChannels, outChannels, entry, inChannels);
      }
    const depth = taps.rows * taps.columns * outChannels;
    kernels.packColumns(turned, inChannels, 1, depth, inChannels, packed + 4 * phase * inner * columns);
  }
  if (strideHeight > filterHeight || strideWidth > filterWidth)
    simd.clear(dx, batchSize * inHeight * inWidth * inChannels);

  const rowLength = width * outChannels;
  const inputLength = inHeight * inWidth * inChannels;
  kernels.fillGrid(runs, 0, 1, 0, marginY + 1, 4 * rowLength, 1, 0);
  for (let image = 0; image < batchSize; image += perPart) {
    const images = Math.min(perPart, batchSize - image);
    const gradients = dy + 4 * image * outHeight * outWidth * outChannels;
    kernels.padImages(
      gradients,
      images,
      outHeight,
      outWidth,
      outChannels,
      marginY,
      marginX,
      copy,
      height,
      width,
    );
    for (let phase = 0; phase < phases; phase++) {
      const taps = phaseOf(phase);
      // The first row and column of the image with these remainders.
      const y = (taps.y - (padInfo.top % strideHeight) + strideHeight) % strideHeight;
      const x = (taps.x - (padInfo.left % strideWidth) + strideWidth) % strideWidth;
      const rows = Math.ceil((inHeight - y) / strideHeight);
      const cols = Math.ceil((inWidth - x) / strideWidth);
      if (taps.rows === 0 || taps.columns === 0 || rows <= 0 || cols <= 0) continue;
      const fromY = Math.floor((y + padInfo.top) / strideHeight) + marginY - (taps.rows - 1);
      const fromX = Math.floor((x + padInfo.left) / strideWidth) + marginX - (taps.columns - 1);
      const first = copy + 4 * (fromY * width + fromX) * outChannels;
      const target = dx + 4 * (image * inputLength + (y * inWidth + x) * inChannels);
      const [rowStep, columnStep] = [4 * strideHeight * inWidth * inChannels, 4 * strideWidth * inChannels];
      kernels.fillGrid(from, first, images, 4 * imageLength, rows, 4 * rowLength, cols, 4 * outChannels);
      kernels.fillGrid(to, target, images, 4 * inputLength, rows, rowStep, cols, columnStep);
      kernels.multiplyRows(
        tile,
        from,
        0,
        to,
        images * rows * cols,
        runs,
        taps.rows,
        taps.columns * outChannels,
        packed + 4 * phase * inner * columns,
        inChannels,
        0,
        -Infinity,
        Infinity,
      );
    }
  }
}

const tileBytes = 320;

/** Numbers of the left matrix that fit into the second-level cache with everything else: 1 MB. */
const partLength = 2 ** 18;

/** Positions whose gradients stay in the first-level cache: 16 kB for 8 channels. */
const positionsAtOnce = 512;

function imagesPerPart(batchSize: number, imageLength: number): number {
  return Math.max(1, Math.min(batchSize, Math.floor(partLength / imageLength)));
}

function roundedUp(columns: number): number {
  return Math.ceil(columns / 8) * 8;
}

/** A window of one pixel that visits every pixel: an ordinary matrix product. */
function isPointwise({
  filterHeight,
  filterWidth,
  strideHeight,
  strideWidth,
  padInfo,
}: backend_util.Conv2DInfo): boolean {
  const unpadded = padInfo.top + padInfo.left + padInfo.bottom + padInfo.right === 0;
  return filterHeight * filterWidth * strideHeight * strideWidth === 1 && unpadded;
}

/** A 3×3 window that visits every pixel: Winograd's algorithm can do it. */
function isSmall(geometry: backend_util.Conv2DInfo): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = geometry;
  const { top, left } = geometry.padInfo;
  const plain = strideHeight * strideWidth * dilationHeight * dilationWidth === 1;
  return filterHeight === 3 && filterWidth === 3 && plain && top <= 2 && left <= 2;
}
