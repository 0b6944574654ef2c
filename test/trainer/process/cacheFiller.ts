import { createHash } from 'node:crypto';
import fs from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { RunEventBody } from '../../../src/runs/events';
import { openBatchCache } from '../../../src/trainer/training/batchCache';
import { openSampleCache } from '../../../src/trainer/training/sampleCache';
import { StageBatches } from '../../../src/trainer/training/stageBatches';
import type { CacheSettings } from '../../../src/trainer/training/teacherCache';
import { liveTeacher, pixelTensor } from '../../../src/trainer/training/teacherOutputs';
import { tinyDataset } from '../fixtures/dataset';

// Bundled and started by teacherCache.test.ts: fills or reads a cache and prints the rows' hash and what was told. It
// kills itself at a chosen operation on files; a write is then half done, which no signal from outside could time.

const [workspace = '', kind, dieAt] = process.argv.slice(2);
const dataset = tinyDataset({ train: 2600, classes: 3 });
const indices = Uint32Array.from({ length: 2600 }, (_, i) => i);
const stage = {
  id: 'student/1/distill',
  name: 'distill',
  seed: 1,
  indices,
  training: { batch: 650, accumulate: 1, epochs: 2, augment: { shift: 1 } },
};

let operations = 0;
for (const name of ['writeSync', 'fsyncSync', 'renameSync'] as const) {
  const original = fs[name] as (...parts: unknown[]) => unknown;
  const dying = (...parts: unknown[]): unknown => {
    if (++operations !== Number(dieAt)) return original(...parts);
    const [handle, data, from, length, at] = parts as [number, Buffer, number, number, number];
    if (name === 'writeSync') fs.writevSync(handle, [data.subarray(from, from + length / 2)], at);
    process.kill(process.pid, 'SIGKILL');
    return undefined;
  };
  Object.assign(fs, { [name]: dying });
}

async function main(): Promise<unknown> {
  await tf.setBackend('cpu');
  const weights = tf.tensor2d(
    Float32Array.from({ length: 72 }, (_, i) => Math.sin(i)),
    [24, 3],
  );
  let asked = 0;
  const predict = (x: tf.Tensor): tf.Tensor2D => {
    asked += x.shape[0];
    return tf.tidy(() => tf.matMul(tf.reshape(x, [-1, 24]), weights));
  };
  const events: RunEventBody[] = [];
  const settings: CacheSettings = {
    workspace,
    precision: 'float16',
    engine: 'cpu',
    teacherHash: 'teacher',
    teacher: { predict },
    dataset,
    emit: (event) => events.push(event),
    between: () => Promise.resolve(),
  };
  const outputs =
    kind === 'samples'
      ? await openSampleCache(settings, indices, () => undefined)
      : await openBatchCache(settings, stage, liveTeacher(settings.teacher));
  const hash = createHash('sha256');
  const batches = new StageBatches(dataset, stage);
  for (let number = 1; number <= 8; number++) {
    const batch = batches.at(number);
    const pixels = pixelTensor(dataset, batch.pixels);
    const logits = await outputs.forBatch({ number, indices: batch.indices, pixels });
    hash.update((await logits.data()) as Float32Array);
    tf.dispose([pixels, logits]);
  }
  outputs.close();
  return { rows: hash.digest('hex'), asked, events };
}

void main().then((result) => {
  console.log(JSON.stringify(result));
});
