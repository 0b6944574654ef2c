import type { Case, CaseName, Mode } from './cases';

/** What a peer is asked, as one line of JSON on its standard input. */
export interface Request {
  name: CaseName;
  case: Case;
  mode: Mode;
  /** Steps to do at least, … */
  steps: number;
  /** … and on until so many milliseconds have passed. */
  budget: number;
}

/** What a peer says once it is ready, as one line of JSON on its standard output: its version, or why it is none. */
export type Hello = { version: string } | { missing: string };

/** What it answers to each request. */
export interface Answer {
  /** Of every step. */
  milliseconds: number[];
  /** Numbers in each network, the running means and variances of batch normalisation included. */
  parameters: { teacher: number; student?: number };
  /** Where it is told: bytes of the process in memory, and tensors that are alive. */
  memory?: { resident: number; tensors: number };
}
