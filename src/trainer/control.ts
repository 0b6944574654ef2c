import { CommandReader } from '../runs/commands';
import type { RunCommand } from '../runs/events';

/** Thrown to leave a run that was asked to stop. Not a failure: the exit code is 0. */
export class StopRequested extends Error {
  constructor(readonly how: 'after-epoch' | 'now') {
    super(how === 'now' ? 'Stopped at once, as you asked.' : 'Stopped after an epoch, as you asked.');
  }
}

type Wish = RunCommand['command'];

const pollMilliseconds = 100;

/**
 * What people want of a live run. Training runs synchronously, so wishes are looked at between steps. In a process that
 * trains for another one, they arrive through `ask`.
 */
export class RunControl {
  private wish: 'none' | 'after-epoch' | 'now' = 'none';
  private checkpointWanted = false;

  /** Lets timers, signals and messages in. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** As `listen`, for passes without steps. @throws {StopRequested} when the run should stop now. */
  readonly listenOrStop = async (): Promise<void> => {
    await this.listen();
    if (this.wish === 'now') throw new StopRequested('now');
  };

  ask(wish: Wish): void {
    if (wish === 'stop-now') this.wish = 'now';
    else if (wish === 'checkpoint') this.checkpointWanted = true;
    else if (this.wish === 'none') this.wish = 'after-epoch';
  }

  get stopsNow(): boolean {
    return this.wish === 'now';
  }

  get stopsAfterEpoch(): boolean {
    return this.wish !== 'none';
  }

  /** @throws {StopRequested} when the run should not begin anything new. */
  throwIfStopping(): void {
    if (this.wish !== 'none') throw new StopRequested(this.wish);
  }

  /** Whether a checkpoint was asked for since the last call. */
  takeCheckpointWish(): boolean {
    const wanted = this.checkpointWanted;
    this.checkpointWanted = false;
    return wanted;
  }
}

/** Hears wishes that stand in `commands.jsonl`, and takes Ctrl-C and SIGTERM for the wish to stop now. */
export class CommandControl extends RunControl {
  private lastPoll = -Infinity;
  private readonly commands: CommandReader;

  /** @param from `resumed` passes over the wishes that an earlier process of the same run was given. */
  constructor(directory: string, from: 'begin' | 'resumed' = 'begin') {
    super();
    this.commands = new CommandReader(directory);
    if (from === 'resumed') this.commands.read();
    process.on('SIGINT', this.stopNow);
    process.on('SIGTERM', this.stopNow);
  }

  /** Reads new commands at most ten times a second. */
  override async listen(): Promise<void> {
    await super.listen();
    if (performance.now() - this.lastPoll < pollMilliseconds) return;
    this.lastPoll = performance.now();
    for (const { command } of this.commands.read()) this.ask(command);
  }

  dispose(): void {
    process.off('SIGINT', this.stopNow);
    process.off('SIGTERM', this.stopNow);
  }

  private readonly stopNow = (): void => this.ask('stop-now');
}
