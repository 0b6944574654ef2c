import type { RunEventBody } from '../runs/events';

type Body<Type extends RunEventBody['type']> = Extract<RunEventBody, { type: Type }>;

/** Where the lines go: `write` for text as it is, with `columns` when it is a terminal that can redraw a line. */
export interface TerminalStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

const plainProgressMilliseconds = 10_000;

/**
 * Shows a run to people: on a terminal one line that redraws itself, with a bar, the rate and the time left; elsewhere
 * plain lines, a few for each stage.
 */
export class Terminal {
  private drawn = false;
  private lastPlain = -Infinity;
  private stageName = '';

  constructor(
    private readonly stream: TerminalStream,
    private readonly keep: (line: string) => void,
    private readonly seeds: readonly number[],
    private readonly now: () => number = () => performance.now(),
  ) {}

  show(event: RunEventBody): void {
    if (event.type === 'stage') this.stage(event);
    else if (event.type === 'progress') this.progress(event);
    else if (event.type === 'log')
      this.line(event.level === 'info' ? event.message : `${event.level}: ${event.message}`);
    else if (event.type === 'cache') this.line(cacheLine(event));
    else if (event.type === 'problem') this.line(`${event.severity}: ${event.message}`);
  }

  /** Prints a line above the one that redraws itself. */
  line(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
    this.keep(text);
  }

  /** Removes the line that redraws itself. */
  clear(): void {
    if (this.drawn) this.stream.write('\r\x1b[K');
    this.drawn = false;
  }

  private stage(event: Body<'stage'>): void {
    this.stageName = this.nameOf(event);
    this.lastPlain = this.now();
    if (event.state === 'reused') this.line(`${this.stageName}: trained before, used again`);
    else if (event.state === 'finished')
      this.line(`${this.stageName}: done in ${(event.seconds ?? 0).toFixed(1)} s`);
    else if (!this.stream.isTTY)
      this.line(`${this.stageName}: ${event.epochs} epochs of ${event.stepsPerEpoch} steps`);
  }

  private progress(event: Body<'progress'>): void {
    const rate = `${Math.round(event.samplesPerSecond).toLocaleString('en')} samples/s`;
    const left = `${duration(event.etaSeconds)} left (run ${duration(event.runEtaSeconds)})`;
    const epoch = `epoch ${event.epoch}/${event.epochs}`;
    if (!this.stream.isTTY) {
      if (this.now() - this.lastPlain < plainProgressMilliseconds) return;
      this.lastPlain = this.now();
      this.line(`${this.stageName}: ${epoch}, ${rate}, ${left}`);
      return;
    }
    const text = `${this.stageName} ${bar(event.step / event.steps)} ${epoch}  ${rate}  ${left}`;
    this.stream.write(`\r${text.slice(0, (this.stream.columns ?? 80) - 1)}\x1b[K`);
    this.drawn = true;
  }

  private nameOf({ role, seed, name }: Body<'stage'>): string {
    if (role === 'teacher') return 'teacher';
    const which = this.seeds.length > 1 ? `, seed ${seed}` : '';
    return `${role}${name === 'distill' ? '' : ` (${name})`}${which}`;
  }
}

/** `1:05` for 65 seconds, `2:00:00` for two hours. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** `teacher outputs: 55,000 rows from the cache, 2.2 MB` */
function cacheLine({ rows, hits, bytes, state }: Body<'cache'>): string {
  const count = (value: number) => value.toLocaleString('en');
  const size = bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  switch (state) {
    case 'used':
      return `teacher outputs: ${count(rows)} rows from the cache, ${size}`;
    case 'partly':
      return `teacher outputs: ${count(hits)} of ${count(rows)} rows from the cache, ${size}`;
    case 'filled':
      return `teacher outputs: ${count(rows)} rows kept for the next run, ${size}`;
  }
}

function bar(share: number): string {
  const width = 12;
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
