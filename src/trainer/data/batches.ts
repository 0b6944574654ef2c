import { randomFor, type Random } from '../random';
import type { Dataset, Samples } from './sources';

/** One step's samples: always the same number, in memory of its own (engines may keep a reference to it). */
export interface Batch {
  /** Indices into the samples it was taken from. */
  indices: Uint32Array;
  /** `batch × height × width × channels`, 0…1. */
  pixels: Float32Array;
  /** `batch × classes`, one-hot. */
  labels: Float32Array;
}

/**
 * The samples of a stage in the order of one epoch, counted from 1. It depends on the seed, the stage's name and the
 * epoch alone, so that training can go on from any step.
 */
export function epochOrder(
  indices: Uint32Array,
  { seed, name }: { seed: number; name: string },
  epoch: number,
): Uint32Array {
  return randomFor(seed, 'order', name, epoch).shuffle(indices.slice());
}

/** Consecutive pieces of `indices` for passes without training; the last one may be shorter. */
export function* inPieces(indices: Uint32Array, size: number): Generator<Uint32Array> {
  for (let start = 0; start < indices.length; start += size) yield indices.subarray(start, start + size);
}

/** Copies samples into a batch. With `shift`, every image is moved by up to so many pixels; what comes in is black. */
export function makeBatch(
  dataset: Dataset,
  samples: Samples,
  indices: Uint32Array,
  augment?: { shift: number; random: Random },
): Batch {
  const { height, width, channels, classes } = dataset;
  const size = height * width * channels;
  const pixels = new Float32Array(indices.length * size);
  const labels = new Float32Array(indices.length * classes);
  indices.forEach((index, row) => {
    labels[row * classes + samples.labels[index]!] = 1;
    const image = samples.pixels.subarray(index * size, (index + 1) * size);
    const target = pixels.subarray(row * size, (row + 1) * size);
    if (!augment || augment.shift === 0) {
      for (let i = 0; i < size; i++) target[i] = image[i]! / 255;
      return;
    }
    const dx = augment.random.integer(-augment.shift, augment.shift);
    const dy = augment.random.integer(-augment.shift, augment.shift);
    copyShifted(image, target, { height, width, channels, dx, dy });
  });
  return { indices, pixels, labels };
}

function copyShifted(
  image: Uint8Array,
  target: Float32Array,
  {
    height,
    width,
    channels,
    dx,
    dy,
  }: { height: number; width: number; channels: number; dx: number; dy: number },
): void {
  for (let y = Math.max(0, dy); y < Math.min(height, height + dy); y++)
    for (let x = Math.max(0, dx); x < Math.min(width, width + dx); x++)
      for (let c = 0; c < channels; c++)
        target[(y * width + x) * channels + c] = image[((y - dy) * width + (x - dx)) * channels + c]! / 255;
}
