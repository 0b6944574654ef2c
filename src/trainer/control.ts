import { CommandReader } from '../runs/commands';

/** Thrown to leave a run that was asked to stop. Not a failure: the exit code is 0. */
export class StopRequested extends Error {
  constructor(readonly how: 'after-epoch' | 'now') {
    super(how === 'now' ? 'Stopped at once, as you asked.' : 'Stopped after an epoch, as you asked.');
  }
}

const pollMilliseconds = 100;

/**
 * What people ask of a live run: through `commands.jsonl`, or with Ctrl-C and SIGTERM. Training runs synchronously, so
 * requests are looked at between steps.
 */
export class RunControl {
  private wish: 'none' | 'after-epoch' | 'now' = 'none';
  private checkpointWanted = false;
  private lastPoll = -Infinity;
  private readonly commands: CommandReader;

  constructor(directory: string) {
    this.commands = new CommandReader(directory);
    process.on('SIGINT', this.stopNow);
    process.on('SIGTERM', this.stopNow);
  }

  /** Lets timers and signals in, and reads new commands at most ten times a second. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (performance.now() - this.lastPoll < pollMilliseconds) return;
    this.lastPoll = performance.now();
    for (const { command } of this.commands.read()) {
      if (command === 'stop-now') this.wish = 'now';
      else if (command === 'checkpoint') this.checkpointWanted = true;
      else if (this.wish === 'none') this.wish = 'after-epoch';
    }
  }

  /** As `listen`, for passes without steps. @throws {StopRequested} when the run should stop now. */
  readonly listenOrStop = async (): Promise<void> => {
    await this.listen();
    if (this.wish === 'now') throw new StopRequested('now');
  };

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

  dispose(): void {
    process.off('SIGINT', this.stopNow);
    process.off('SIGTERM', this.stopNow);
  }

  private readonly stopNow = (): void => {
    this.wish = 'now';
  };
}
