import os from 'node:os';

export interface Machine {
  /** ISO 8601, UTC. */
  date: string;
  processor: string;
  cores: number;
  memoryGigabytes: number;
  system: string;
  node: string;
}

/** What the numbers belong to; nothing that names the machine or its user. */
export function thisMachine(): Machine {
  return {
    date: new Date().toISOString(),
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGigabytes: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.arch()}`,
    node: process.version,
  };
}

export function describeMachine({ date, processor, cores, memoryGigabytes, system, node }: Machine): string {
  return `${date.slice(0, 10)} · ${processor}, ${cores} cores, ${memoryGigabytes} GB · ${system} · Node ${node.slice(1)}`;
}
