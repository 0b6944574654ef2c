import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ProblemEvent } from '../../../src/runs/events';
import { outcome, printedProblems } from '../../../src/editor/launch/outcome';
import {
  launchTrainer,
  trainerArguments,
  trainerEnvironment,
  workersArgument,
} from '../../../src/editor/launch/trainerProcess';
import type { LaunchRequest } from '../../../src/editor/launch/trainerProcess';
import { temporaryFolder } from '../runs/helpers';
import { manifestOf } from './models';

const requestWith = (folder: string, script: string): LaunchRequest => {
  const trainer = path.join(folder, 'trainer.cjs');
  fs.writeFileSync(trainer, script);
  return requestIn(trainer, folder);
};

const requestIn = (trainer: string, folder = '/my folder'): LaunchRequest => ({
  trainer,
  task: {
    command: 'run',
    file: path.join(folder, 'a b.distill.yaml'),
    directory: path.join(folder, 'runs', 'r'),
    engine: 'wasm',
  },
  workers: 'auto',
  mnist: '/data/mnist',
  log: path.join(folder, 'logs', 'r.log'),
});

describe('starting the trainer', () => {
  test('passes the file, the run directory, the engine and the workers', () => {
    const request = requestIn('/trainer.js');
    expect(trainerArguments(request)).toEqual([
      '/trainer.js',
      'run',
      '/my folder/a b.distill.yaml',
      '--out',
      '/my folder/runs/r',
      '--engine',
      'wasm',
      '--workers',
      'auto',
    ]);
  });

  test('a run is resumed in its directory, with the engine that it began with', () => {
    const request: LaunchRequest = {
      ...requestIn('/trainer.js'),
      task: { command: 'resume', directory: '/my folder/runs/r' },
      workers: '2',
    };
    expect(trainerArguments(request)).toEqual([
      '/trainer.js',
      'resume',
      '/my folder/runs/r',
      '--workers',
      '2',
    ]);
  });

  test.each([
    ['auto', 'auto'],
    [2, '2'],
    ['2', '2'],
    [64, '64'],
    [65, 'auto'],
    [0, 'auto'],
    [1.5, 'auto'],
    ['many', 'auto'],
    ['', 'auto'],
    [null, 'auto'],
    [true, 'auto'],
    [[3], 'auto'],
  ])('the setting %j asks for %s workers', (value, argument) => {
    expect(workersArgument(value)).toBe(argument);
  });

  test('leaves out what would make the child inspect, load or report something else', () => {
    const own = {
      PATH: '/bin',
      HOME: '/home/me',
      NODE_OPTIONS: '--inspect-brk',
      NODE_CHANNEL_FD: '3',
      VSCODE_IPC_HOOK_CLI: '/s',
      VSCODE_INSPECTOR_OPTIONS: '{}',
      ELECTRON_NO_ATTACH_CONSOLE: '1',
      DISTILLERY_MNIST: '/old',
    };
    expect(trainerEnvironment(own, '/data')).toEqual({
      PATH: '/bin',
      HOME: '/home/me',
      ELECTRON_RUN_AS_NODE: '1',
      DISTILLERY_MNIST: '/data',
    });
    expect(trainerEnvironment(own, undefined)).not.toHaveProperty('DISTILLERY_MNIST');
  });

  test('tells how the process ended and what it printed, and keeps no log', async () => {
    const folder = temporaryFolder();
    const request = requestWith(
      folder,
      `console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2, 4), mnist: process.env.DISTILLERY_MNIST, argv: process.execArgv }));
       console.error('to standard error');
       process.exitCode = 2;`,
    );
    const exit = await launchTrainer(request);
    expect(exit).toMatchObject({ code: 2, signal: null });
    const [printed = '', error] = exit.output.split('\n');
    expect(JSON.parse(printed)).toEqual({
      cwd: fs.realpathSync(folder),
      args: ['run', path.join(folder, 'a b.distill.yaml')],
      mnist: '/data/mnist',
      argv: [],
    });
    expect(error).toBe('to standard error');
    expect(fs.existsSync(request.log)).toBe(false);
  });

  test.skipIf(process.platform === 'win32')(
    'makes it the leader of a process group of its own, so that it outlives the editor',
    async () => {
      const script = `const fields = require('child_process').execFileSync('ps', ['-o', 'pgid=', '-p', String(process.pid)]);
       console.log(Number(fields) === process.pid);`;
      expect((await launchTrainer(requestWith(temporaryFolder(), script))).output.trim()).toBe('true');
    },
  );
});

describe('what is told at the end', () => {
  const invalid = [
    '/a b/x.distill.yaml:14:12 error key.unknown There is no key "temprature". Did you mean temperature?',
    'C:\\x.distill.yaml:3:1 warning seeds.one One seed has no spread.',
    'Traceback',
    '/a b/x.distill.yaml:20:1 error losses.zero All weights are 0.',
  ].join('\r\n');

  test('problems are read from the lines that the trainer prints', () => {
    expect(printedProblems(invalid)).toEqual([
      {
        line: 14,
        column: 12,
        severity: 'error',
        code: 'key.unknown',
        message: 'There is no key "temprature". Did you mean temperature?',
      },
      { line: 3, column: 1, severity: 'warning', code: 'seeds.one', message: 'One seed has no spread.' },
      { line: 20, column: 1, severity: 'error', code: 'losses.zero', message: 'All weights are 0.' },
    ]);
  });

  test('an experiment that is not valid names its first error and its place', () => {
    expect(outcome('few', 'run', { code: 2, signal: null, output: invalid }, null, [])).toEqual({
      severity: 'error',
      message:
        '“few” did not start: There is no key "temprature". Did you mean temperature? There is one more problem in the file.',
      place: { line: 14, column: 12 },
      mnistMissing: false,
    });
  });

  test('nothing is said of a run that went well', () => {
    expect(outcome('few', 'run', { code: 0, signal: null, output: '' }, manifestOf(), [])).toBeNull();
  });

  test('missing MNIST is noticed, whether printed or in the run', () => {
    const printed = '/x.distill.yaml:6:11 error data.mnist.missing MNIST is not on this machine.';
    expect(outcome('few', 'run', { code: 2, signal: null, output: printed }, null, [])).toMatchObject({
      mnistMissing: true,
    });
    const event: ProblemEvent = {
      seq: 1,
      time: '',
      type: 'problem',
      severity: 'error',
      code: 'data.mnist.missing',
      message: 'MNIST is not on this machine.',
    };
    expect(
      outcome('few', 'run', { code: 2, signal: null, output: '' }, manifestOf({ state: 'failed' }), [event]),
    ).toEqual({
      severity: 'error',
      message: '“few” failed: MNIST is not on this machine.',
      mnistMissing: true,
    });
  });

  test.each([
    [{ code: 3, signal: null, output: '' }, /No engine works/],
    [{ code: 4, signal: null, output: '' }, /smaller learning rate/],
    [{ code: 5, signal: null, output: '' }, /smaller batch/],
    [{ code: null, signal: 'SIGKILL' as const, output: '' }, /ended from outside \(SIGKILL\)/],
    [{ code: 70, signal: null, output: 'one\nlast words\n' }, /last words$/],
  ])('%j has words', (exit, words) => {
    expect(outcome('few', 'run', exit, null, [])?.message).toMatch(words);
  });

  test('the message of the run is preferred to that of the exit code', () => {
    const manifest = manifestOf({
      state: 'failed',
      message: 'The loss of stage distill became NaN in step 7.',
    });
    expect(outcome('few', 'run', { code: 4, signal: null, output: '' }, manifest, [])?.message).toContain(
      'in step 7',
    );
  });

  test('a run that the trainer refuses to resume says why, whatever had ended it before', () => {
    const manifest = manifestOf({ state: 'failed', message: 'The disk was full.' });
    const refusal = 'The data are not those that the run began with. Bring them back.';
    expect(outcome('few', 'resume', { code: 2, signal: null, output: `${refusal}\n` }, manifest, [])).toEqual(
      {
        severity: 'error',
        message: `“few” cannot be resumed: ${refusal}`,
        mnistMissing: false,
      },
    );
    const printed = '/x.distill.yaml:6:11 error data.mnist.missing MNIST is not on this machine.';
    expect(outcome('few', 'resume', { code: 2, signal: null, output: printed }, manifest, [])).toMatchObject({
      message: '“few” cannot be resumed: MNIST is not on this machine.',
      mnistMissing: true,
    });
    expect(outcome('few', 'resume', { code: 5, signal: null, output: '' }, manifest, [])?.message).toBe(
      '“few” failed: The disk was full.',
    );
  });

  test('an expectation that was not met is a warning', () => {
    expect(outcome('few', 'run', { code: 6, signal: null, output: '' }, manifestOf(), [])).toMatchObject({
      severity: 'warning',
    });
  });
});
