import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import type { Answer, Hello, Request } from './protocol';

/** Something that can do distillation steps: our engines, and the libraries beside which their numbers stand. */
export interface Contender {
  id: ContenderId;
  title: string;
  command: string;
  args: string[];
  /** How to get it where it is missing. */
  cure: string;
}

export type ContenderId =
  'wasm' | 'native' | 'torch-1' | 'torch-tuned' | 'torch-all' | 'tensorflow-eager' | 'tensorflow-graph';

/** The repository; this file is bundled into out/bench. */
export const root = path.resolve(__dirname, '..', '..');
export const peersFolder = path.join(root, 'bench', 'peers');
export const python = process.env['PYTHON'] ?? 'python3';
const engine = path.join(__dirname, 'benchEngine.js');
const cores = os.availableParallelism();
const cures = {
  native: 'npm run setup:native, or a folder with @tensorflow/tfjs-node in DISTILLERY_NATIVE',
  torch: 'pip install torch, and PYTHON=<that Python> where it is not python3',
  tensorflow: 'pip install tensorflow-cpu, and PYTHON=<that Python> where it is not python3',
};

export const contenders: Contender[] = [
  { id: 'wasm', title: 'Distillery, npm only (1 thread)', ...ours('wasm') },
  { id: 'native', title: 'Distillery, native TensorFlow', ...ours('native') },
  { id: 'torch-1', title: 'PyTorch (1 thread)', ...theirs('torchPeer.py', ['1'], cures.torch) },
  {
    id: 'torch-tuned',
    title: 'PyTorch, tuned (1 thread)',
    ...theirs('torchPeer.py', ['1', 'tuned'], cures.torch),
  },
  {
    id: 'torch-all',
    title: `PyTorch (${cores} threads)`,
    ...theirs('torchPeer.py', [String(cores)], cures.torch),
  },
  {
    id: 'tensorflow-eager',
    title: 'Python TensorFlow (eager)',
    ...theirs('tensorflowPeer.py', ['eager'], cures.tensorflow),
  },
  {
    id: 'tensorflow-graph',
    title: 'Python TensorFlow (tf.function)',
    ...theirs('tensorflowPeer.py', ['graph'], cures.tensorflow),
  },
];

function ours(wanted: 'wasm' | 'native') {
  return { command: process.execPath, args: [engine, wanted], cure: cures.native };
}

function theirs(script: string, options: string[], cure: string) {
  return { command: python, args: [path.join(peersFolder, script), ...options], cure };
}

/** A contender's process. It stays warm between requests; `end` ends it. */
export class Peer {
  private readonly lines: AsyncIterator<string>;
  private stderr = '';

  private constructor(
    readonly contender: Contender,
    private readonly child: ChildProcess,
  ) {
    this.lines = readline.createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr!.on(
      'data',
      (chunk: Buffer) => (this.stderr = (this.stderr + chunk.toString()).slice(-4000)),
    );
  }

  /** @returns the process with its version, or one sentence that says why it cannot take part. */
  static async start(contender: Contender): Promise<{ peer: Peer; version: string } | { missing: string }> {
    const child = spawn(contender.command, contender.args, { env: peerEnvironment() });
    try {
      await once(child, 'spawn');
    } catch {
      return { missing: `there is no ${contender.command} (${contender.cure})` };
    }
    const peer = new Peer(contender, child);
    const line = await peer.lines.next();
    if (line.done) return { missing: `${await peer.lastWords()} (${contender.cure})` };
    const hello = JSON.parse(line.value) as Hello;
    if ('missing' in hello) {
      peer.end();
      return { missing: `${hello.missing} (${contender.cure})` };
    }
    return { peer, version: hello.version };
  }

  /** @throws an Error with what the process said last when it ended instead of answering */
  async ask(request: Request): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const line = await this.lines.next();
    if (line.done) throw new Error(`${this.contender.title} ended: ${await this.lastWords()}`);
    return JSON.parse(line.value) as Answer;
  }

  end(): void {
    this.child.stdin!.end();
    this.child.kill();
  }

  private async lastWords(): Promise<string> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    const lines = this.stderr.split('\n').filter((line) => line.trim() !== '');
    // The stack trace of Python stands before the error, that of Node after it.
    const told = lines.findLast((line) => /^\w*Error:/.test(line)) ?? lines.at(-1);
    return told?.trim() ?? `it ended with exit code ${this.child.exitCode}`;
  }
}

/** Without files of compiled Python beside the sources, and without the libraries' notes on the processor. */
export function peerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONDONTWRITEBYTECODE: '1', TF_CPP_MIN_LOG_LEVEL: '2' };
}
