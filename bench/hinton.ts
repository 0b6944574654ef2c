import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseDocument } from 'yaml';
import type { RunEvent } from '../src/runs/events';
import { readManifest, readReport } from '../src/runs/reader';
import { table } from './markdown';
import { peerEnvironment, peersFolder, python } from './peer';
import { mnistFolder, readExample, Workspace } from './workspace';

const example = 'hinton-mnist.distill.yaml';
const roles = ['teacher', 'student', 'scratch'] as const;
type RoleName = (typeof roles)[number];

export interface HintonResult {
  epochs: Epochs;
  seed: number;
  runs: HintonRun[];
}

interface Epochs {
  teacher: number;
  student: number;
}

/** One side's run of the experiment, from the start of its process to its end. */
export interface HintonRun extends Measured {
  title: string;
}

interface Measured {
  /** Of the library that computed. */
  version: string;
  seconds: number;
  roles: Record<RoleName, { errors: number; seconds: number }>;
}

/**
 * Runs `examples/hinton-mnist.distill.yaml` with one seed on our engines and, as a PyTorch script of the same experiment,
 * in PyTorch: once with the teacher in every step, as such scripts are written, and once with its outputs kept.
 *
 * @param reduced epochs of the teacher and of the students, of whom nothing is required then; null for those of the
 *   example.
 */
export async function measureHinton(
  reduced: number | null,
  say: (line: string) => void,
): Promise<HintonResult> {
  const seed = 1;
  const { yaml, epochs } = experiment(reduced, seed);
  const contenders: [string, () => Promise<Measured | { missing: string }>][] = [
    ['Distillery, npm only', () => runOurs(yaml, 'wasm')],
    ['Distillery, native TensorFlow', () => runOurs(yaml, 'native')],
    ['PyTorch script', () => runTheirs(epochs, seed, [])],
    ['PyTorch script, teacher’s outputs kept', () => runTheirs(epochs, seed, ['--keep-outputs'])],
  ];
  const runs: HintonRun[] = [];
  for (const [title, run] of contenders) {
    say(`hinton-mnist, one seed: ${title}`);
    const outcome = await run();
    if ('missing' in outcome) say(`${title} does not take part: ${outcome.missing}`);
    else runs.push({ title, ...outcome });
  }
  return { epochs, seed, runs };
}

export function hintonTable({ epochs, seed, runs }: HintonResult): string {
  const script = runs.find(({ title }) => title === 'PyTorch script');
  return [
    `The whole of \`examples/${example}\` with one seed (${seed}), teacher ${epochs.teacher} and students ${epochs.student} epochs, from the start of the process to its end:`,
    '',
    table(
      [
        '',
        'seconds',
        'times as fast as the PyTorch script',
        ...roles.map((role) => `${role}: test errors (seconds)`),
      ],
      runs.map((run) => [
        run.title,
        run.seconds.toFixed(1),
        script ? `${(script.seconds / run.seconds).toFixed(2)}×` : '–',
        ...roles.map((role) => `${run.roles[role].errors} (${run.roles[role].seconds.toFixed(1)})`),
      ]),
    ),
    '',
    `${[...new Set(runs.map(({ version }) => version))].join(', ')}.`,
  ].join('\n');
}

/** The example with one seed and perhaps fewer epochs, which then need not reach what it requires and expects. */
function experiment(reduced: number | null, seed: number): { yaml: string; epochs: Epochs } {
  const document = parseDocument(readExample(example));
  document.set('seeds', [seed]);
  if (reduced !== null) {
    document.setIn(['teacher', 'train', 'epochs'], reduced);
    document.setIn(['distill', 'epochs'], reduced);
    document.deleteIn(['teacher', 'require']);
    document.delete('expect');
  }
  const epochs = {
    teacher: document.getIn(['teacher', 'train', 'epochs']) as number,
    student: document.getIn(['distill', 'epochs']) as number,
  };
  return { yaml: String(document), epochs };
}

async function runOurs(yaml: string, engine: 'wasm' | 'native'): Promise<Measured | { missing: string }> {
  const workspace = new Workspace(yaml);
  try {
    const { seconds, output, failure } = await timed(workspace.start(engine));
    const report = await readReport(workspace.runDirectory);
    if (!report) return { missing: lastMessage(output) ?? failure };
    const ofStages = stageSeconds(output);
    const roles = ofRoles((role) => ({ errors: report.roles[role]!.errors.mean, seconds: ofStages[role] }));
    const manifest = (await readManifest(workspace.runDirectory))!;
    const { version } = manifest.engines.find(({ id }) => id === manifest.engine)!;
    return { version: version!, seconds, roles };
  } finally {
    workspace.dispose();
  }
}

function events(output: string): RunEvent[] {
  const lines = output.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

/** Why a run failed, as it told it. */
function lastMessage(output: string): string | undefined {
  const told = events(output).filter((event) => event.type === 'problem');
  return told.at(-1)?.message;
}

function stageSeconds(output: string): Record<RoleName, number> {
  const seconds = { teacher: 0, student: 0, scratch: 0 };
  for (const event of events(output)) if (event.type === 'stage') seconds[event.role] += event.seconds ?? 0;
  return seconds;
}

async function runTheirs(
  epochs: Epochs,
  seed: number,
  options: string[],
): Promise<Measured | { missing: string }> {
  const script = path.join(peersFolder, 'hinton_mnist.py');
  const ofEpochs = ['--teacher-epochs', String(epochs.teacher), '--student-epochs', String(epochs.student)];
  const args = [script, mnistFolder(), '--seed', String(seed), ...ofEpochs, ...options];
  const { seconds, output, failure } = await timed(spawn(python, args, { env: peerEnvironment() }));
  if (output === '')
    return { missing: `${failure} (pip install torch, and PYTHON=<that Python> where it is not python3)` };
  const measured = JSON.parse(output) as Measured['roles'] & { version: string };
  return { version: measured.version, seconds, roles: ofRoles((role) => measured[role]) };
}

function ofRoles<T>(get: (role: RoleName) => T): Record<RoleName, T> {
  return { teacher: get('teacher'), student: get('student'), scratch: get('scratch') };
}

/** Waits for the end of a process that was just started. */
async function timed(child: ChildProcess): Promise<{ seconds: number; output: string; failure: string }> {
  const start = performance.now();
  const outputs = Promise.all([text(child.stdout!), text(child.stderr!)]);
  try {
    await once(child, 'close');
  } catch (error) {
    return { seconds: NaN, output: '', failure: (error as Error).message };
  }
  const seconds = (performance.now() - start) / 1000;
  const [output, errors] = await outputs;
  return { seconds, output, failure: errors.trim().split('\n').at(-1)! };
}
