import fs from 'node:fs';
import { execFile } from 'node:child_process';

/**
 * When a process started, in the words of the system: equal texts mean the same process, so that a number that the
 * system has given to another process since is told apart. Undefined when there is no such process.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  switch (process.platform) {
    case 'linux':
      return linuxStart(pid);
    case 'win32':
      return output('powershell.exe', [
        '-NoProfile',
        '-NonInteractive',
        '-Command',
        `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().ToString('o')`,
      ]);
    default:
      return output('ps', ['-o', 'lstart=', '-p', String(pid)]);
  }
}

/** Whether the process that wrote a manifest or a lock still lives. */
export async function isAlive(owner: { pid: number; processStart: string }): Promise<boolean> {
  if (!processExists(owner.pid)) return false;
  return (await processStart(owner.pid)) === owner.processStart;
}

/** The same of a process that was identified before. Asking for its start time again is slow on systems other than Linux. */
export async function isStillAlive(owner: { pid: number; processStart: string }): Promise<boolean> {
  return process.platform === 'linux' ? isAlive(owner) : processExists(owner.pid);
}

function processExists(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Clock ticks since the start of the machine, and which start of the machine that was. */
function linuxStart(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || ticks === undefined) return undefined;
    return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${ticks}`;
  } catch {
    return undefined;
  }
}

function output(program: string, args: string[]): Promise<string | undefined> {
  // The same words in every terminal, whatever its language and time zone.
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  return new Promise((resolve) => {
    execFile(program, args, { env, windowsHide: true, timeout: 10_000 }, (error, stdout) => {
      resolve(error ? undefined : stdout.trim() || undefined);
    });
  });
}
