// Starts the desktop VS Code with an extension loaded from its folder, in a profile of its own.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Session } from './session.mjs';

/**
 * A profile of its own makes it a process of its own: it can be ended without touching the windows that are already open.
 *
 * @param {string} command the path of `code`
 * @param {{ extension: string, folder: string, file: string }} what to load, and to open
 * @returns {{ closed: Promise<void>, stop: () => Promise<void> }} `closed`: the window is closed
 */
export function startDesktop(command, { extension, folder, file }) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-desktop-'));
  const session = new Session();
  session.endWithThisProcess();
  const own = [
    '--user-data-dir',
    path.join(profile, 'user-data'),
    '--extensions-dir',
    path.join(profile, 'extensions'),
  ];
  const args = [
    '--new-window',
    '--wait',
    '--disable-workspace-trust',
    `--extensionDevelopmentPath=${extension}`,
  ];
  const child = spawn(command, [...own, ...args, folder, file], {
    env: { ...process.env, ...session.environment() },
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  const closed = new Promise((resolve) => {
    child.once('exit', () => resolve(undefined));
    child.once('error', () => resolve(undefined));
  });
  const stop = async () => {
    await session.end();
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  };
  return { closed, stop };
}
