// Ending everything that a workbench has started, however far it went to live on its own.
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const variable = 'DISTILLERY_WORKBENCH_SESSION';

/**
 * A training run is started detached, so that it outlives the window: neither its parent nor its process group leads to
 * it. What every process inherits is its environment, so a session marks that, and at its end looks for the mark.
 */
export class Session {
  #id;
  #mark;

  /** @param {string} [id] of a session that another process has begun */
  constructor(id = crypto.randomUUID()) {
    this.#id = id;
    this.#mark = `${variable}=${id}`;
  }

  /** @returns {Record<string, string>} to be added to the environment of the first process */
  environment() {
    return { [variable]: this.#id };
  }

  /** @returns {number[]} the ids of all living processes of this session; Windows does not tell them */
  processes() {
    if (process.platform === 'win32') return [];
    return process.platform === 'linux' ? fromProc(this.#mark) : fromPs(this.#mark);
  }

  /**
   * Asks all processes of the session to end and waits; what is still there after the time is ended by force.
   *
   * @param {number} [graceMs]
   */
  async end(graceMs = 5000) {
    const deadline = performance.now() + graceMs;
    signalAll(this.processes(), 'SIGTERM');
    while (performance.now() < deadline && this.processes().length > 0) await pause(100);
    signalAll(this.processes(), 'SIGKILL');
  }

  /** However this process ends, by force too, the session ends with it: a guard waits for the end of a pipe from here. */
  endWithThisProcess() {
    const guard = spawn(process.execPath, [fileURLToPath(new URL('guard.mjs', import.meta.url)), this.#id], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    guard.unref();
    /** @type {import('node:net').Socket} */ (guard.stdin).unref();
  }
}

/** @param {string} mark */
function fromProc(mark) {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).split('\0').includes(mark))
    .map(Number);
}

/** @param {string} pid */
function environmentOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // It has just ended, or belongs to somebody else.
    return '';
  }
}

/** @param {string} mark */
function fromPs(mark) {
  const lines = execFileSync('ps', ['-AEwwo', 'pid=,command='], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  }).split('\n');
  return lines.filter((line) => line.includes(mark)).map((line) => Number.parseInt(line, 10));
}

/**
 * @param {number[]} pids
 * @param {NodeJS.Signals} signal
 */
function signalAll(pids, signal) {
  for (const pid of pids)
    try {
      process.kill(pid, signal);
    } catch {
      // It ended between the look and the signal.
    }
}
