import { cases, type CaseName, type Mode } from './cases';
import { table } from './markdown';
import { contenders, type ContenderId } from './peer';
import { ratio, type StepsResult } from './steps';

const modeTitles: Record<Mode, string> = {
  live: 'step, teacher in it',
  cached: 'step, teacher kept',
  teacher: 'teacher pass',
};

/** Milliseconds of every contender, and below them what they are of PyTorch's. */
export function stepsTables(result: StepsResult): string {
  return [...timesTable(result), '', ...ratiosTable(result), '', ...notes(result)].join('\n');
}

function timesTable(result: StepsResult): string[] {
  const present = contenders.filter(({ id }) => result.versions[id] !== undefined);
  const rows = result.measurements.filter(({ contender }) => contender === present[0]?.id);
  return [
    'Milliseconds of one step (medians):',
    '',
    table(
      ['', ...present.map(({ title }) => title)],
      rows.map(({ case: name, mode }) => [
        `${name}: ${modeTitles[mode]}`,
        ...present.map(({ id }) => {
          const found = result.measurements.find(
            (m) => m.case === name && m.mode === mode && m.contender === id,
          );
          return found ? milliseconds(found.milliseconds) : '–';
        }),
      ]),
    ),
  ];
}

/** Each of ours beside the PyTorch that may use as many cores, for the comparisons that people make. */
function ratiosTable(result: StepsResult): string[] {
  const pairs: [ContenderId, ContenderId][] = [
    ['wasm', 'torch-1'],
    ['native', 'torch-all'],
  ];
  const shown = pairs.filter((pair) => pair.every((id) => result.versions[id] !== undefined));
  if (shown.length === 0) return [];
  const title = (id: ContenderId) => contenders.find((contender) => contender.id === id)!.title;
  const lines: [string, Mode, Mode][] = [
    ['teacher in both', 'live', 'live'],
    ['teacher kept by ours, in PyTorch’s', 'cached', 'live'],
    ['teacher kept by both', 'cached', 'cached'],
    ['teacher pass', 'teacher', 'teacher'],
  ];
  const names = Object.keys(cases).filter((name) => result.parameters[name]) as CaseName[];
  return [
    'Times PyTorch’s (below 1 is faster; medians of the quotients within each round):',
    '',
    table(
      ['', ...shown.map(([own, other]) => `${title(own)} : ${title(other)}`)],
      names.flatMap((name) =>
        lines.map(([words, ownMode, otherMode]) => [
          `${name}: ${words}`,
          ...shown.map(([own, other]) => quotient(ratio(result, name, [own, ownMode], [other, otherMode]))),
        ]),
      ),
    ),
  ];
}

function notes({ versions, parameters, rounds }: StepsResult): string[] {
  const networks = Object.entries(parameters).map(
    ([name, { teacher, student }]) =>
      `${name} ${teacher.toLocaleString('en')} → ${student.toLocaleString('en')}`,
  );
  return [
    `0.5·CE + 0.5·T²·KL, T = 4, Adam; ${rounds} rounds in turn. PyTorch and TensorFlow are as one writes them by hand; tuned means channels last and the fused Adam. Parameters, teacher → student, the same everywhere: ${networks.join(', ')}. ${[...new Set(Object.values(versions))].join(', ')}.`,
  ];
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

function quotient(value: number | undefined): string {
  return value === undefined ? '–' : `${value.toFixed(2)}×`;
}
