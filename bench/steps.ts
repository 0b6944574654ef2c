import { cases, modes, type CaseName, type Mode } from './cases';
import { contenders, Peer, type ContenderId } from './peer';
import { median } from './statistics';

export interface StepsOptions {
  cases: CaseName[];
  contenders: ContenderId[];
  rounds: number;
  /** Milliseconds that every contender trains, in every round, of every case and mode. */
  budget: number;
}

export interface StepsResult {
  /** Of those who took part. */
  versions: Partial<Record<ContenderId, string>>;
  rounds: number;
  parameters: Record<string, { teacher: number; student: number }>;
  measurements: Measurement[];
}

/** Milliseconds of one step of one contender: the median of all steps, and the median of every round. */
export interface Measurement {
  case: CaseName;
  mode: Mode;
  contender: ContenderId;
  milliseconds: number;
  steps: number;
  ofRounds: number[];
}

const warmUpSteps = 5;

/**
 * Measures steps in rounds: in each, every contender has its turn on every case, one after the other, so that whatever
 * else the machine does meets all of them alike. Ratios are taken within a round.
 *
 * @throws an Error when the networks of two contenders differ in their numbers of parameters
 */
export async function measureSteps(options: StepsOptions, say: (line: string) => void): Promise<StepsResult> {
  const result: StepsResult = {
    versions: {},
    rounds: options.rounds,
    parameters: {},
    measurements: [],
  };
  const peers: Peer[] = [];
  try {
    for (const contender of contenders.filter(({ id }) => options.contenders.includes(id))) {
      const started = await Peer.start(contender);
      if ('missing' in started) {
        say(`${contender.title} does not take part: ${started.missing}`);
        continue;
      }
      result.versions[contender.id] = started.version;
      peers.push(started.peer);
    }
    for (const name of options.cases) await measureCase(name, peers, options, result, say);
    return result;
  } finally {
    for (const peer of peers) peer.end();
  }
}

async function measureCase(
  name: CaseName,
  peers: readonly Peer[],
  { rounds, budget }: StepsOptions,
  result: StepsResult,
  say: (line: string) => void,
): Promise<void> {
  const times = new Map<string, number[][]>();
  const keyOf = (peer: Peer, mode: Mode) => `${peer.contender.id} ${mode}`;
  const request = (mode: Mode) => ({ name, case: cases[name], mode });
  for (const peer of peers)
    for (const mode of modes) {
      times.set(keyOf(peer, mode), []);
      const { parameters } = await peer.ask({ ...request(mode), steps: warmUpSteps, budget: 0 });
      if (parameters.student !== undefined)
        assertSame(name, result, { student: 0, ...parameters }, peer.contender.title);
    }
  for (let round = 1; round <= rounds; round++) {
    say(`${name}: round ${round} of ${rounds}`);
    for (const mode of modes)
      for (let turn = 0; turn < peers.length; turn++) {
        const peer = peers[(round + turn) % peers.length]!;
        const { milliseconds } = await peer.ask({ ...request(mode), steps: 2, budget });
        times.get(keyOf(peer, mode))!.push(milliseconds);
      }
  }
  for (const mode of modes)
    for (const peer of peers) {
      const ofRounds = times.get(keyOf(peer, mode))!;
      const all = ofRounds.flat();
      result.measurements.push({
        case: name,
        mode,
        contender: peer.contender.id,
        milliseconds: rounded(median(all)),
        steps: all.length,
        ofRounds: ofRounds.map((round) => rounded(median(round))),
      });
    }
}

function assertSame(
  name: CaseName,
  { parameters }: StepsResult,
  found: { teacher: number; student: number },
  title: string,
): void {
  const known = (parameters[name] ??= found);
  if (known.teacher !== found.teacher || known.student !== found.student)
    throw new Error(
      `${name} is not the same network everywhere: ${title} has ${found.teacher} and ${found.student} parameters, the first one ${known.teacher} and ${known.student}.`,
    );
}

/** The median over the rounds of the quotient within a round; undefined where one of the two did not take part. */
export function ratio(
  { measurements }: StepsResult,
  name: CaseName,
  [contender, mode]: [ContenderId, Mode],
  [against, againstMode]: [ContenderId, Mode],
): number | undefined {
  const find = (id: ContenderId, of: Mode) =>
    measurements.find((m) => m.case === name && m.mode === of && m.contender === id);
  const [own, other] = [find(contender, mode), find(against, againstMode)];
  if (!own || !other) return undefined;
  return median(own.ofRounds.map((milliseconds, round) => milliseconds / other.ofRounds[round]!));
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
