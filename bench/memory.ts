import { cases } from './cases';
import { table } from './markdown';
import { contenders, Peer } from './peer';

export interface MemoryResult {
  case: string;
  steps: number;
  engines: {
    title: string;
    residentAtStart: number;
    residentAtEnd: number;
    tensorsAtStart: number;
    tensorsAtEnd: number;
  }[];
}

const name = 'cnn-b';
/**
 * Share of the steps that are done before the first look, so that compiled code and the first batches are there. JavaScript's
 * own young heap still grows for some hundred steps after it, which therefore counts as growth.
 */
const warmUp = 0.05;

/** Bytes in memory and tensors alive before and after many distillation steps with the teacher in them. */
export async function measureMemory(steps: number, say: (line: string) => void): Promise<MemoryResult> {
  const result: MemoryResult = { case: name, steps, engines: [] };
  for (const contender of contenders.filter(({ id }) => id === 'wasm' || id === 'native')) {
    const started = await Peer.start(contender);
    if ('missing' in started) {
      say(`${contender.title} does not take part: ${started.missing}`);
      continue;
    }
    const { peer } = started;
    try {
      say(`memory: ${steps} steps, ${contender.title}`);
      const request = { name, case: cases[name], mode: 'live', budget: 0 } as const;
      const start = await peer.ask({ ...request, steps: Math.ceil(steps * warmUp) });
      const end = await peer.ask({ ...request, steps });
      result.engines.push({
        title: contender.title,
        residentAtStart: start.memory!.resident,
        residentAtEnd: end.memory!.resident,
        tensorsAtStart: start.memory!.tensors,
        tensorsAtEnd: end.memory!.tensors,
      });
    } finally {
      peer.end();
    }
  }
  return result;
}

export function memoryTable({ case: of, steps, engines }: MemoryResult): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return [
    `Memory over ${steps.toLocaleString('en')} distillation steps of ${of}, after ${Math.ceil(steps * warmUp).toLocaleString('en')} others:`,
    '',
    table(
      ['', 'MB at the start', 'MB at the end', 'growth in MB', 'tensors at the start', 'tensors at the end'],
      engines.map(({ title, residentAtStart, residentAtEnd, tensorsAtStart, tensorsAtEnd }) => [
        title,
        megabytes(residentAtStart),
        megabytes(residentAtEnd),
        megabytes(residentAtEnd - residentAtStart),
        String(tensorsAtStart),
        String(tensorsAtEnd),
      ]),
    ),
  ].join('\n');
}
