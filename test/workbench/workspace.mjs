// A small workspace whose experiments train in seconds: stripes at eight places, to be told apart by two layers.
import fs from 'node:fs';
import path from 'node:path';

const side = 8;
const classes = 4;

/**
 * Writes `tiny.distill.yaml`, `long.distill.yaml` (the same with so many epochs that it must be stopped),
 * `misspelt.distill.yaml` (a wrong key) and their data.
 *
 * @param {string} folder
 */
export function writeWorkspace(folder) {
  writeIdxData(path.join(folder, 'stripes'));
  fs.writeFileSync(path.join(folder, 'tiny.distill.yaml'), experiment({ name: 'Tiny', epochs: 3 }));
  fs.writeFileSync(path.join(folder, 'long.distill.yaml'), experiment({ name: 'Long', epochs: 5000 }));
  const misspelt = experiment({ name: 'Misspelt', epochs: 3 }).replace('temperature', 'temprature');
  fs.writeFileSync(path.join(folder, 'misspelt.distill.yaml'), misspelt);
}

/**
 * Experiment text on the data of this workspace.
 *
 * @param {{ name: string, epochs: number }} parameters
 */
export function experiment({ name, epochs }) {
  return `version: 1
name: ${name}

data:
  source: {idx: stripes}
  validation: 80

teacher:
  model: {mlp: [32]}
  train:
    epochs: 4
    batch: 16
    optimizer: {adam: {rate: 0.01}}

student:
  model: {mlp: [8]}

distill:
  epochs: ${epochs}
  batch: 16
  optimizer: {adam: {rate: 0.01}}
  losses:
    - kd: {temperature: 4}
      weight: 0.9
    - ce: {}
      weight: 0.1

compare: [scratch]
`;
}

/**
 * 400 training and 100 test images of 8 × 8 pixels. Class k is a bright stripe in the rows 2k and 2k + 1 over noise that
 * is the same each time.
 *
 * @param {string} folder
 */
export function writeIdxData(folder) {
  fs.mkdirSync(folder, { recursive: true });
  const noise = noiseBytes();
  for (const [part, count] of /** @type {const} */ ([
    ['train', 400],
    ['t10k', 100],
  ])) {
    const labels = Buffer.from(Array.from({ length: count }, (_, i) => i % classes));
    const pixels = Buffer.concat([...labels].map((label) => image(label, noise)));
    fs.writeFileSync(path.join(folder, `${part}-images-idx3-ubyte`), idx([count, side, side], pixels));
    fs.writeFileSync(path.join(folder, `${part}-labels-idx1-ubyte`), idx([count], labels));
  }
}

/**
 * @param {number} label
 * @param {() => number} noise
 */
function image(label, noise) {
  return Buffer.from(
    Array.from({ length: side * side }, (_, i) => {
      const inStripe = Math.floor(i / side / 2) === label;
      return Math.min(255, (inStripe ? 130 : 0) + noise() / 2);
    }),
  );
}

/**
 * The IDX format: two zero bytes, the type (8: unsigned byte), the number of axes, their lengths, the values.
 *
 * @param {number[]} shape
 * @param {Buffer} values
 */
function idx(shape, values) {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(shape.length, 3);
  shape.forEach((length, i) => header.writeUInt32BE(length, 4 + 4 * i));
  return Buffer.concat([header, values]);
}

/** A linear congruential generator is random enough for noise, and the same everywhere. */
function noiseBytes() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}
