import type { Disposable } from './disposables';

/** Calls at once when it was quiet, and else at most once every so many milliseconds, the last request never lost. */
export class Throttle implements Disposable {
  private last = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly milliseconds: number,
    private readonly action: () => void,
  ) {}

  readonly request = (): void => {
    if (this.timer) return;
    const wait = Math.max(0, this.last + this.milliseconds - Date.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.last = Date.now();
      this.action();
    }, wait);
  };

  /** Forgets a request that waits. */
  cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  dispose(): void {
    this.cancel();
  }
}
