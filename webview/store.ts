import { batch, signal, type Signal } from '@preact/signals';
import type {
  FromPage,
  RunChoice,
  ShownRun as ShownWithoutEvents,
  ToPage,
} from '../src/editor/dashboard/messages';
import { emptyRunData, fold, parts, type Part, type RunData } from './runData';

/** The run on the page. */
export interface ShownRun extends ShownWithoutEvents {
  data: RunData;
}

/**
 * Holds what arrives and nothing else. Receiving only stores; the parts that changed are announced together on the next
 * animation frame, so that a burst of messages costs one drawing.
 */
export class Store {
  /** Undefined until the first snapshot; null when the workspace has no run. */
  private run: ShownRun | null | undefined;
  private runs: RunChoice[] = [];
  private trusted = true;
  private readonly revisions: Record<Part, Signal<number>>;
  private readonly changed = new Set<Part>();
  private frame = 0;
  private gapAfter = -1;

  constructor(private readonly post: (message: FromPage) => void) {
    this.revisions = Object.fromEntries(parts.map((part) => [part, signal(0)])) as Record<
      Part,
      Signal<number>
    >;
  }

  /** Takes a message in. The message is guarded already. */
  receive(message: ToPage): void {
    switch (message.type) {
      case 'snapshot':
        this.runs = message.runs;
        this.trusted = message.trusted;
        this.gapAfter = -1;
        this.run = message.run && { ...message.run, data: emptyRunData() };
        for (const event of message.run?.events ?? [])
          if (event.seq > this.run!.data.lastSeq) fold(this.run!.data, event);
        this.announce(...parts);
        break;
      case 'append':
        if (this.run?.manifest.id === message.id) this.append(this.run.data, message.events);
        break;
      case 'update':
        if (this.run?.manifest.id !== message.id) break;
        this.run.manifest = message.manifest;
        this.run.state = message.state;
        this.run.resumable = message.resumable;
        this.run.report = message.report;
        this.announce('run');
        break;
      case 'runs':
        this.runs = message.runs;
        this.announce('run');
        break;
    }
    const dataset = document.body.dataset;
    dataset['runId'] = this.run?.manifest.id ?? '';
    dataset['runState'] = this.run?.state ?? '';
    dataset['lastSeq'] = String(this.run?.data.lastSeq ?? 0);
    dataset['eventCount'] = String(this.run?.data.eventCount ?? 0);
  }

  /** The shown run; who asks within a component or an effect is asked again when one of the parts changes. */
  read(...watched: Part[]): ShownRun | null | undefined {
    watched.forEach((part) => this.revisions[part].value);
    return this.run;
  }

  readRuns(): { runs: RunChoice[]; trusted: boolean } {
    this.read('run');
    return { runs: this.runs, trusted: this.trusted };
  }

  private append(data: RunData, events: readonly Parameters<typeof fold>[1][]): void {
    for (const event of events) {
      if (event.seq <= data.lastSeq) continue;
      if (event.seq > data.lastSeq + 1) {
        // The rest waits for the snapshot that this asks for; one hole is reported once.
        if (this.gapAfter !== data.lastSeq) this.post({ type: 'gap', after: data.lastSeq });
        this.gapAfter = data.lastSeq;
        return;
      }
      const part = fold(data, event);
      if (part) this.announce(part);
    }
  }

  private announce(...changed: Part[]): void {
    for (const part of changed) this.changed.add(part);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      // A new object tells the components that what is in it has changed.
      if (this.run) this.run = { ...this.run };
      batch(() => {
        for (const part of this.changed) this.revisions[part].value++;
        this.changed.clear();
      });
    });
  }
}
