import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { askedOnce, liveTeacher, logitsOf, RepeatedPass } from '../../../src/trainer/training/teacherOutputs';
import type { TeacherAnswers } from '../../../src/trainer/training/trainStage';
import { tinyDataset } from '../fixtures/dataset';
import {
  dataset,
  hashOf,
  hidden,
  indices,
  kd,
  listen,
  logitMse,
  newModel,
  train,
  withState,
} from './harness';

describe('the teacher', () => {
  it.each(['cached', 'live'] as const)(
    '%s is not changed by the student, not even its running statistics',
    async (kind) => {
      const model = newModel(withState, 2, 'teacher');
      const before = await hashOf(model);
      const teacher = kind === 'live' ? liveTeacher(model) : await askedOnce(model, dataset, indices, listen);
      const student = newModel(withState);
      const first = await hashOf(student);
      await train(student, { teacher, losses: [kd, logitMse], augment: { shift: kind === 'live' ? 1 : 0 } });
      expect(await hashOf(model)).toBe(before);
      expect(await hashOf(student)).not.toBe(first);
    },
  );

  it('gives each sample of a shuffled batch its own outputs, cached or asked at the step', async () => {
    const model = newModel(withState, 2, 'teacher');
    const cached = await askedOnce(model, dataset, indices, listen);
    const alone = await Promise.all(
      [...indices].map(
        async (index) =>
          (await logitsOf(model, dataset, dataset.train, Uint32Array.of(index), listen)).values,
      ),
    );
    const batch = Uint32Array.of(20, 3, 26, 7);
    const pixels = tf.tensor4d(
      [...batch].flatMap((index) =>
        [...dataset.train.pixels.subarray(index * 24, (index + 1) * 24)].map((byte) => byte / 255),
      ),
      [4, 6, 4, 1],
    );
    for (const outputs of [cached, liveTeacher(model)]) {
      const logits = await outputs.forBatch({ number: 1, indices: batch, pixels });
      logits
        .arraySync()
        .forEach((row, i) =>
          row.forEach((value, c) => expect(value).toBeCloseTo(alone[batch[i]! - 1]![c]!, 4)),
        );
      logits.dispose();
    }
    pixels.dispose();
    expect(new Set(alone.map((row) => row.map((value) => Math.round(value * 100)).join())).size).toBe(
      alone.length,
    );
  });

  it('teaches the same from its cache as at every step; a cache in the wrong order is noticed', async () => {
    const model = newModel(hidden, 2, 'teacher');
    const losses = async (teacher: TeacherAnswers) =>
      (await train(newModel(hidden), { teacher, losses: [kd] })).steps.map(({ loss }) => loss);
    const live = await losses(liveTeacher(model));
    const cached = await losses(await askedOnce(model, dataset, indices, listen));
    cached.forEach((loss, i) => expect(loss).toBeCloseTo(live[i]!, 5));

    // The same rows, but filed under the sample after the right one.
    const turned = tinyDataset({ train: 27, classes: 3 });
    turned.train.pixels.set(dataset.train.pixels.subarray(24));
    turned.train.pixels.set(dataset.train.pixels.subarray(0, 24), 26 * 24);
    const wrong = await losses(await askedOnce(model, turned, indices, listen));
    expect(Math.max(...wrong.map((loss, i) => Math.abs(loss - live[i]!)))).toBeGreaterThan(0.01);
  });

  it('sees the moved images that the student sees', async () => {
    const model = newModel(hidden, 2, 'teacher');
    const seen: number[][][] = [[], []];
    const teacher = liveTeacher(model);
    const student = newModel(hidden);
    const [predict, forward] = [model.predict.bind(model), student.forward.bind(student)];
    vi.spyOn(model, 'predict').mockImplementation((x) => (seen[0]!.push([...x.dataSync()]), predict(x)));
    vi.spyOn(student, 'forward').mockImplementation((x) => (seen[1]!.push([...x.dataSync()]), forward(x)));
    await train(student, { teacher, losses: [kd], augment: { shift: 2 } });
    expect(seen[0]).toHaveLength(18);
    expect(seen[0]).toEqual(seen[1]);
  });

  it('was not asked about every sample: that is an error, not a zero', async () => {
    const asked = await askedOnce(newModel(hidden, 2, 'teacher'), dataset, indices.subarray(1), listen);
    const pixels = tf.zeros<tf.Rank.R4>([1, 6, 4, 1]);
    for (const missing of [1, 27])
      expect(() => asked.forBatch({ number: 1, indices: Uint32Array.of(missing), pixels })).toThrow(
        `The teacher was not asked about training sample ${missing}.`,
      );
    pixels.dispose();
  });
});

describe('passes without training', () => {
  it('give one row a sample in the order of the indices, whatever the pieces', async () => {
    const model = newModel(withState);
    const many = Uint32Array.from({ length: 1100 }, (_, i) => (i * 7) % 27);
    let pauses = 0;
    const pause = () => (pauses++, listen());
    const { classes, values } = await logitsOf(model, dataset, dataset.train, many, pause);
    expect([classes, values.length, pauses]).toEqual([3, 3300, 3]);
    const one = await logitsOf(
      model,
      dataset,
      dataset.train,
      Uint32Array.from({ length: 27 }, (_, i) => i),
      listen,
    );
    values.forEach((value, i) =>
      expect(value).toBeCloseTo(one.values[many[Math.floor(i / 3)]! * 3 + (i % 3)]!, 4),
    );

    const repeated = new RepeatedPass(dataset, dataset.train, many);
    expect(await repeated.logits(model, listen)).toEqual({ classes, values });
    repeated.dispose();
  });
});
