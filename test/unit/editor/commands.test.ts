import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { diagnosticsText, readProbes } from '../../../src/editor/commands/diagnosticsText';
import { fileNameFor, templateChoice, withName } from '../../../src/editor/commands/templates';
import { DisposableStore } from '../../../src/editor/disposables';
import { experimentName, isExperimentFile, isRunCopy } from '../../../src/editor/experiments';
import { Throttle } from '../../../src/editor/throttle';

describe('templates', () => {
  test('say what they are by their name and the comment at their top', () => {
    const text = '# First line.\n#   Second line.\nversion: 1\nname: "Few digits"\n# not this\n';
    expect(templateChoice('/x/few.distill.yaml', text)).toEqual({
      label: 'Few digits',
      detail: 'First line. Second line.',
    });
    expect(templateChoice('/x/few.distill.yaml', 'version: 1')).toEqual({ label: 'few', detail: '' });
  });

  test('the one that is packaged has both', () => {
    const text = fs.readFileSync('media/templates/minimal.distill.yaml', 'utf8');
    const { label, detail } = templateChoice('minimal.distill.yaml', text);
    expect(label).toBe('My experiment');
    expect(detail.length).toBeGreaterThan(20);
  });

  test.each([
    ['My Experiment', 'my-experiment.distill.yaml'],
    ['  T = 20 / α  ', 't-20-α.distill.yaml'],
    ['few.distill.yaml', 'few.distill.yaml'],
    ['../../etc/passwd', 'etc-passwd.distill.yaml'],
    ['...', 'experiment.distill.yaml'],
  ])('%j is kept in %s', (name, file) => {
    expect(fileNameFor(name)).toBe(file);
  });

  test.each([
    'My experiment',
    'yes',
    '7',
    'a: b',
    '# no',
    '"quoted"',
    "it's",
    '- x',
    '蒸留',
    'x #y',
    '$& $1',
  ])('the name %j is written so that YAML reads it back', (name) => {
    const text = withName('# About\nversion: 1\nname: Old name\ndata: {}\n', name);
    expect(parse(text)).toEqual({ version: 1, name, data: {} });
  });
});

test('experiment files, and copies of them in run directories', () => {
  expect(experimentName('/a/b.distill.yaml')).toBe('b');
  expect([isExperimentFile('/a/b.distill.yaml'), isExperimentFile('/a/b.yaml')]).toEqual([true, false]);
  expect(isExperimentFile('/a/.distillery/runs/r/experiment.distill.yaml')).toBe(false);
  expect(isRunCopy('/a/.distillery-notes/b.distill.yaml')).toBe(false);
});

describe('engine diagnostics', () => {
  const probes = [
    { id: 'tensorflow', ok: false, reason: 'the package is not installed.', milliseconds: 3 },
    { id: 'wasm', ok: true, version: 'TensorFlow.js 4.22.0', milliseconds: 41.6 },
    { id: 'cpu', ok: true, milliseconds: 5 },
  ] as const;
  const machine = { node: '20.20.2', system: 'linux x64' };

  test('say which engine is used, and why another is not', () => {
    const text = diagnosticsText(probes, 'auto', machine);
    expect(text).toContain('Experiments run on WebAssembly.');
    expect(text).toMatch(/✗ Native TensorFlow\n\n- Cannot be used\.\n- The package is not installed\./);
    expect(text).toMatch(/✓ WebAssembly\n\n- Works\. The self-test took 42 ms\.\n- TensorFlow\.js 4\.22\.0/);
    expect(text).toContain('Node 20.20.2, linux x64');
    expect(diagnosticsText(probes, 'native', machine)).toContain('asks for Native TensorFlow');
    expect(diagnosticsText(probes.slice(0, 1), 'auto', machine)).toContain('No engine works');
  });

  test('are read from what the probe prints', () => {
    expect(readProbes(JSON.stringify({ engines: probes }))).toEqual(probes);
    for (const text of ['', 'x', '{}', '{"engines":7}', 'null']) expect(readProbes(text)).toBeUndefined();
  });
});

describe('a throttle', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('acts soon, then at most once in its time, and never loses the last request', () => {
    const action = vi.fn();
    const throttle = new Throttle(100, action);
    throttle.request();
    vi.advanceTimersByTime(0);
    expect(action).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 50; i++) {
      throttle.request();
      vi.advanceTimersByTime(10);
    }
    expect(action).toHaveBeenCalledTimes(6);
    throttle.request();
    vi.advanceTimersByTime(1000);
    expect(action).toHaveBeenCalledTimes(7);
    throttle.request();
    throttle.cancel();
    vi.advanceTimersByTime(1000);
    expect(action).toHaveBeenCalledTimes(7);
  });
});

test('a store disposes in reverse order, and at once of what comes too late', () => {
  const order: number[] = [];
  const store = new DisposableStore();
  for (const n of [1, 2]) store.add({ dispose: () => order.push(n) });
  store.dispose();
  store.dispose();
  store.add({ dispose: () => order.push(3) });
  expect(order).toEqual([2, 1, 3]);
});
