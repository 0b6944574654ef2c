import type { JsonNumber, SampleEvent } from '../runs/events';
import type { Dataset } from './data/sources';
import type { Logits } from './evaluation/metrics';

/** How many test images the dashboard shows with their soft labels. */
const wanted = 10;

/** The first test image of every class, and then the next ones of each until there are ten. */
export function chooseTestImages(dataset: Dataset): Uint32Array {
  const queues = Array.from({ length: dataset.classes }, (): number[] => []);
  dataset.test.labels.forEach((label, index) => queues[label]!.push(index));
  const chosen: number[] = [];
  for (let round = 0; chosen.length < Math.min(wanted, dataset.test.count); round++)
    for (const queue of queues) {
      const index = queue[round];
      if (index !== undefined && chosen.length < wanted) chosen.push(index);
    }
  return Uint32Array.from(chosen);
}

/** The images themselves, as the dashboard draws them. */
export function imagesOf(dataset: Dataset, indices: Uint32Array): NonNullable<SampleEvent['images']> {
  const { height, width } = dataset;
  const channels = dataset.channels === 3 ? 3 : 1;
  const size = height * width * channels;
  return [...indices].map((index) => ({
    index,
    label: dataset.test.labels[index]!,
    width,
    height,
    channels,
    pixels: Buffer.from(dataset.test.pixels.subarray(index * size, (index + 1) * size)).toString('base64'),
  }));
}

/** Rows of logits with the digits that a drawing needs. */
export function rowsOf({ classes, values }: Logits): JsonNumber[][] {
  return Array.from({ length: values.length / classes }, (_, row) =>
    [...values.subarray(row * classes, (row + 1) * classes)].map((value) => Number(value.toPrecision(5))),
  );
}
