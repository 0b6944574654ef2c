import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { SetupMessage } from '../../../src/native/setup/messages';
import { startSetup } from '../../../src/editor/nativeSetup/setupProcess';
import { temporaryFolder } from '../runs/helpers';

/** A set-up that is a few lines of JavaScript. */
function start(script: string, args: string[] = []) {
  const folder = temporaryFolder();
  const file = path.join(folder, 'setup.cjs');
  fs.writeFileSync(file, `const say = (message) => console.log(JSON.stringify(message));\n${script}`);
  const told: SetupMessage[] = [];
  const running = startSetup(file, args, { cwd: folder, env: process.env }, (message) => told.push(message));
  return { ...running, told };
}

test('the editor hears every step, and gets what was said last', async () => {
  const { result, told } = start(
    `say({ type: 'step', step: 1, of: 2, title: process.argv.slice(2).join(' ') });
     console.log('a warning of somebody else');
     say({ type: 'progress', share: 0.25 });
     say({ type: 'done', text: 'Done.' });
     say({ type: 'progress', share: 1 });`,
    ['--yes'],
  );
  expect(await result).toEqual({ type: 'done', text: 'Done.' });
  expect(told[0]).toEqual({ type: 'step', step: 1, of: 2, title: '--json --yes' });
  expect(told).toHaveLength(4);
});

test('a problem is a result like another', async () => {
  const { result } = start(`say({ type: 'problem', text: 'No compiler.' }); process.exit(1);`);
  expect(await result).toEqual({ type: 'problem', text: 'No compiler.' });
});

test('cancelling closes the pipe, and waits until the set-up has cleared up', async () => {
  const { result, cancel, told } = start(
    `process.stdin.on('end', () => say({ type: 'problem', text: 'Stopped.' })).resume();
     say({ type: 'progress', share: 0 });`,
  );
  await expect.poll(() => told.length).toBe(1);
  cancel();
  expect(await result).toEqual({ type: 'problem', text: 'Stopped.' });
  cancel();
});

test('a set-up that breaks down without a word is an error with what it printed', async () => {
  await expect(start(`throw new Error('no such disk');`).result).rejects.toThrow('no such disk');
  await expect(start(`process.kill(process.pid, 'SIGKILL');`).result).rejects.toThrow(/ended with/);
});
