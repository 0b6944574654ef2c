import fs from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../runs/atomic';
import { isAlive, processStart } from '../runs/process';
import { nativeFolder, setUpCure } from './home';

// A crash of a native library takes the whole trainer with it, so somebody else must remember it. A trainer that
// computes natively leaves a note, `in-use/<pid>.json`, and takes it away when it ends in good order, also after an
// error. Whoever started the trainer sees the signal that ended it and passes it to `noteEnd`. Without such a
// witness the note of a dead process stays, and the next trainer finds it; that may have been a crash, a `kill -9`
// or a power cut, so the first such end is forgiven and only the second in a row counts.

/** How a process ended, as Node tells the one who started it. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

interface InUse {
  pid: number;
  processStart: string;
  library: string;
}

/** By `keyOf` the library. */
type Memory = Record<string, { signal?: string; unexplained?: number }>;

/** The note that this process computes with the library at `binding`; it goes away when the process ends in good order. */
export async function guardNative(home: string, binding: string): Promise<void> {
  const library = keyOf(binding);
  const note: InUse = {
    pid: process.pid,
    processStart: (await processStart(process.pid)) ?? '',
    library,
  };
  const file = noteFile(home, process.pid);
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    writeFileAtomic(file, JSON.stringify(note));
  } catch {
    // A home that cannot be written must not stop a training run; crashes are then not remembered.
    return;
  }
  process.once('exit', () => {
    // Without the note somebody has told of a crash already: of a process that computed for this one.
    if (!fs.existsSync(file)) return;
    fs.rmSync(file);
    forget(home, library);
  });
}

/** Why the library at `binding` shall not be chosen by itself, in a sentence with the cure; undefined when it may. */
export async function crashReason(home: string, binding: string): Promise<string | undefined> {
  await findUnexplainedEnds(home);
  const { signal, unexplained = 0 } = readMemory(home)[keyOf(binding)] ?? {};
  const again = `To use it again, ${setUpCure}, or choose the engine "native".`;
  if (signal !== undefined) return `It crashed in an earlier run (${signal}). ${again}`;
  return unexplained >= 2
    ? `The last ${unexplained} runs with it ended without a word, which may have been crashes. ${again}`
    : undefined;
}

/**
 * Whoever started a process tells how it ended.
 *
 * @returns true when it computed natively and crashed; `crashReason` knows of it from now on
 */
export function noteEnd(home: string, pid: number, end: ProcessEnd): boolean {
  const file = noteFile(home, pid);
  const note = readNote(file);
  if (!note) return false;
  fs.rmSync(file, { force: true });
  const crash = crashName(end);
  if (crash === undefined) return false;
  remember(home, { ...readMemory(home), [note.library]: { signal: crash } });
  return true;
}

/** A library that was set up again, or works again, starts without a past. */
export function forgetCrashes(home: string): void {
  fs.rmSync(memoryFile(home), { force: true });
}

/**
 * What a faulty library does to its process, as people read it; undefined for ends that somebody else caused. On Windows
 * there are no signals but these codes: access violation, illegal instruction, stack overflow, stack buffer overrun.
 */
export function crashName({ code, signal }: ProcessEnd): string | undefined {
  if (signal !== null) return crashSignals.includes(signal) ? signal : undefined;
  return code !== null && windowsCrashes.includes(code) ? `0x${code.toString(16)}` : undefined;
}

const crashSignals: readonly string[] = ['SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGBUS', 'SIGFPE', 'SIGTRAP'];
const windowsCrashes: readonly number[] = [0xc0000005, 0xc000001d, 0xc00000fd, 0xc0000409];

async function findUnexplainedEnds(home: string): Promise<void> {
  const folder = path.dirname(noteFile(home, 0));
  for (const name of namesIn(folder)) {
    const file = path.join(folder, name);
    const note = readNote(file);
    if (!note || (await isAlive(note))) continue;
    fs.rmSync(file, { force: true });
    const memory = readMemory(home);
    const { unexplained = 0, ...rest } = memory[note.library] ?? {};
    remember(home, { ...memory, [note.library]: { ...rest, unexplained: unexplained + 1 } });
  }
}

/** A library that is built or installed again is another one. */
function keyOf(binding: string): string {
  const { mtimeMs } = fs.statSync(binding);
  return `${binding} ${Math.round(mtimeMs)}`;
}

function forget(home: string, library: string): void {
  const { [library]: known, ...others } = readMemory(home);
  if (known) remember(home, others);
}

function remember(home: string, memory: Memory): void {
  try {
    writeFileAtomic(memoryFile(home), JSON.stringify(memory, null, 1));
  } catch {
    // What cannot be written is not remembered: the next run tries the library again.
  }
}

function readMemory(home: string): Memory {
  try {
    return JSON.parse(fs.readFileSync(memoryFile(home), 'utf8')) as Memory;
  } catch {
    return {};
  }
}

function readNote(file: string): InUse | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as InUse;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

function noteFile(home: string, pid: number): string {
  return path.join(nativeFolder(home), 'in-use', `${pid}.json`);
}

function memoryFile(home: string): string {
  return path.join(nativeFolder(home), 'crashes.json');
}
