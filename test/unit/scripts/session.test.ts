import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { Session } from '../../../scripts/workbench/session.mjs';

/** A program that starts another one detached, as an extension host starts a trainer, and tells when both are up. */
const program = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  child.unref();
  console.log(child.pid);
  setInterval(() => {}, 1000);
`;

it('ends what was started, and what that started detached, and nothing else', async () => {
  const session = new Session();
  const start = (environment: Record<string, string>) =>
    spawn(process.execPath, ['-e', program], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const ours = start(session.environment());
  const foreign = start(new Session().environment());
  const [ourChild, foreignChild] = await Promise.all([firstNumber(ours.stdout), firstNumber(foreign.stdout)]);
  try {
    expect(session.processes().sort()).toEqual([ours.pid, ourChild].sort());
    await session.end();
    expect(session.processes()).toEqual([]);
    expect(isThere(foreign.pid!)).toBe(true);
    expect(isThere(foreignChild)).toBe(true);
  } finally {
    for (const pid of [foreign.pid!, foreignChild]) process.kill(pid, 'SIGKILL');
  }
});

async function firstNumber(output: Readable): Promise<number> {
  const [chunk] = (await once(output, 'data')) as [Buffer];
  return Number(chunk.toString());
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
