import fs from 'node:fs';
import path from 'node:path';

export interface TinyData {
  train: number;
  test: number;
  classes: number;
  side: number;
}

const usual: TinyData = { train: 400, test: 100, classes: 4, side: 8 };

/**
 * Writes a small data set in IDX files: noisy images in which the bright quadrant or row tells the class. A linear
 * classifier learns it in a few epochs, but not without mistakes.
 */
export function writeTinyData(folder: string, options: Partial<TinyData> = {}): void {
  const data = { ...usual, ...options };
  fs.mkdirSync(folder, { recursive: true });
  let state = 12345;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (const [name, count] of [
    ['train', data.train],
    ['t10k', data.test],
  ] as const) {
    const labels = Buffer.from(Array.from({ length: count }, (_, i) => i % data.classes));
    const images = Buffer.alloc(count * data.side * data.side);
    for (let i = 0; i < count; i++)
      for (let pixel = 0; pixel < data.side * data.side; pixel++) {
        const bright = Math.floor((pixel * data.classes) / (data.side * data.side)) === labels[i];
        images[i * data.side * data.side + pixel] =
          Math.floor(random() * 200) + (bright && random() < 0.4 ? 55 : 0);
      }
    fs.writeFileSync(
      path.join(folder, `${name}-images-idx3-ubyte`),
      idx([count, data.side, data.side], images),
    );
    fs.writeFileSync(path.join(folder, `${name}-labels-idx1-ubyte`), idx([count], labels));
  }
}

/** The bytes of an IDX file of unsigned bytes. */
export function idx(shape: number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 0x08;
  header[3] = shape.length;
  shape.forEach((length, i) => header.writeUInt32BE(length, 4 + 4 * i));
  return Buffer.concat([header, values]);
}

/** An experiment on the tiny data; `changes` replace whole top-level blocks. */
export function tinyExperiment(
  changes: Partial<Record<'seeds' | 'data' | 'teacher' | 'student' | 'distill' | 'rest', string>> = {},
): string {
  const blocks = {
    seeds: 'seeds: [1, 2]',
    data: 'data:\n  source: {idx: ./data}\n  validation: 100\n  transfer: 80',
    teacher:
      'teacher:\n  model: {mlp: [32]}\n  train: {epochs: 3, batch: 20, optimizer: {adam: {rate: 0.01}}}',
    student: 'student:\n  model: {mlp: [8]}',
    distill:
      'distill:\n  epochs: 4\n  batch: 20\n  optimizer: {adam: {rate: 0.01}}\n  losses:\n    - kd: {temperature: 2}\n      weight: 0.9\n    - ce: {}\n      weight: 0.1',
    rest: 'compare: [scratch]',
    ...changes,
  };
  return `version: 1\nname: Tiny\n${Object.values(blocks).join('\n')}\n`;
}
