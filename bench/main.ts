import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cases, type CaseName } from './cases';
import { hintonTable, measureHinton } from './hinton';
import { launchLine, measureLaunch } from './launch';
import { describeMachine, thisMachine, type Machine } from './machine';
import { measureMemory, memoryTable } from './memory';
import { contenders, root, type ContenderId } from './peer';
import { measureSteps } from './steps';
import { stepsTables } from './stepsTable';

const partNames = ['steps', 'hinton', 'memory', 'launch'] as const;
type PartName = (typeof partNames)[number];
const caseNames = Object.keys(cases) as CaseName[];
const contenderIds = contenders.map(({ id }) => id);

const usage = `npm run bench [-- PART…] [OPTIONS]

Measures Distillery beside PyTorch and Python TensorFlow, prints the tables of the README and keeps the numbers of each
part in bench/results/latest.json. Without PART it does all of them:

  steps    one distillation step and one pass of the teacher, on ${caseNames.join(', ')}
  hinton   the whole of examples/hinton-mnist.distill.yaml with one seed and few epochs, beside a script in PyTorch
  memory   memory over many distillation steps
  launch   the time from the start of a run to its first point of a curve

  --cases LIST        some of the networks of steps, with commas
  --contenders LIST   some of ${contenderIds.join(', ')}
  --rounds N          rounds of steps (5)
  --budget N          milliseconds of every turn in a round (250)
  --epochs N          epochs of teacher and students in hinton (2), or all for those of the example
  --memory-steps N    (2000)
  --json FILE         keep the numbers in this file instead

Python is python3, or what PYTHON names; it needs "pip install torch tensorflow-cpu". Native TensorFlow is found as the
trainer finds it, or from the folder in DISTILLERY_NATIVE. What is missing is left out. Leave the machine alone meanwhile.
`;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      cases: { type: 'string', default: caseNames.join() },
      contenders: { type: 'string', default: contenderIds.join() },
      rounds: { type: 'string', default: '5' },
      budget: { type: 'string', default: '250' },
      epochs: { type: 'string', default: '2' },
      'memory-steps': { type: 'string', default: '2000' },
      json: { type: 'string', default: path.join(root, 'bench', 'results', 'latest.json') },
    },
  });
  const parts = positionals.length === 0 ? [...partNames] : positionals;
  const wrong = [
    ...parts.filter((part) => !(partNames as readonly string[]).includes(part)),
    ...values.cases.split(',').filter((name) => !(caseNames as string[]).includes(name)),
    ...values.contenders.split(',').filter((id) => !(contenderIds as string[]).includes(id)),
  ];
  if (values.help || wrong.length > 0) {
    if (wrong.length > 0) say(`There is no ${wrong.join(', ')}.\n`);
    say(usage);
    return wrong.length > 0 ? 2 : 0;
  }
  const measurers: Record<PartName, () => Promise<Part>> = {
    steps: async () => {
      const result = await measureSteps(
        {
          cases: values.cases.split(',') as CaseName[],
          contenders: values.contenders.split(',') as ContenderId[],
          rounds: Number(values.rounds),
          budget: Number(values.budget),
        },
        say,
      );
      return { result, text: stepsTables(result) };
    },
    hinton: async () => {
      const result = await measureHinton(values.epochs === 'all' ? null : Number(values.epochs), say);
      return { result, text: hintonTable(result) };
    },
    memory: async () => {
      const result = await measureMemory(Number(values['memory-steps']), say);
      return { result, text: memoryTable(result) };
    },
    launch: async () => {
      const result = await measureLaunch(3, say);
      return { result, text: launchLine(result) };
    },
  };
  const machine = thisMachine();
  const texts: string[] = [];
  for (const part of parts as PartName[]) {
    const { result, text } = await measurers[part]();
    keep(values.json, part, machine, result);
    texts.push(text);
  }
  process.stdout.write(`\n${[describeMachine(machine), ...texts].join('\n\n')}\n`);
  return 0;
}

interface Part {
  result: object;
  text: string;
}

/** Replaces one part of the file of results; the others keep theirs, with the machine and date that they belong to. */
function keep(file: string, part: PartName, machine: Machine, result: object): void {
  const before = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as object) : {};
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify({ ...before, [part]: { machine, ...result } }, null, 1)}\n`);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 70;
  },
);
