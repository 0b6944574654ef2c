import type { SetupMessage } from './messages';

/** Where the set-up tells what it does. */
export interface Report {
  say(message: SetupMessage): void;
}

/** Lines for people; the share of a step is rewritten in place, where there is a terminal to do so. */
export class TerminalReport implements Report {
  private title = '';
  private percent = -1;

  constructor(private readonly out: { isTTY?: boolean; write(text: string): unknown }) {}

  say(message: SetupMessage): void {
    switch (message.type) {
      case 'step':
        this.endLine();
        this.title = `[${message.step}/${message.of}] ${message.title}`;
        this.out.write(this.out.isTTY === true ? this.title : `${this.title}\n`);
        return;
      case 'progress':
        this.showShare(Math.floor(message.share * 100));
        return;
      default:
        this.endLine();
        this.out.write(`${message.text}\n`);
    }
  }

  private showShare(percent: number): void {
    if (percent === this.percent || this.out.isTTY !== true) return;
    this.percent = percent;
    this.out.write(`\r${this.title} … ${percent} %`);
  }

  private endLine(): void {
    if (this.title !== '' && this.out.isTTY === true) this.out.write('\n');
    this.title = '';
    this.percent = -1;
  }
}
