import { minimalExperiment } from '../../../src/experiment/minimal';
import { parseExperiment } from '../../../src/experiment/parse';
import { formatProblem, type Fix, type Problem } from '../../../src/experiment/problems';

/** The example of the design, which must work as it stands. */
export const hinton = `version: 1
name: Hinton 2015 on MNIST
cite: arXiv:1503.02531 §3
seeds: [1, 2, 3]                       # every result is a mean with its spread

data:
  source: mnist                        # or {idx: dir}
  validation: 5000                     # held out of the training set; all selection happens here, never on test

teacher:
  model: {mlp: [1200, 1200], dropout: [0.2, 0.5]}
  train:
    epochs: 12
    batch: 128
    optimizer: {adam: {rate: 0.001}}
    schedule: linear
    augment: {shift: 2}
  require: errors <= 130               # a broken teacher stops the run before it wastes time

student:
  model: {mlp: [800, 800]}

distill:                               # one stage; a list of named stages is a pipeline
  epochs: 20
  batch: 128
  optimizer: {adam: {rate: 0.001}}
  schedule: linear
  losses:
    - kd: {temperature: 20}            # T² and batch-mean are the defaults, and the hover says so
      weight: 0.9
    - ce: {}
      weight: 0.1

compare: [scratch]                     # same student, budget and seeds without the teacher
expect:                                # makes the file a test
  - student.errors < scratch.errors
`;

/** The minimal experiment with one piece of it exchanged. */
export function changed(from: string, to: string): string {
  if (!minimalExperiment.includes(from)) throw new Error(`The minimal experiment does not contain ${from}.`);
  return minimalExperiment.replace(from, to);
}

/** `line:column code`, for every problem of a text. */
export function found(text: string): string[] {
  return parseExperiment(text).problems.map(
    ({ code, range }) => `${range.start.line}:${range.start.column} ${code}`,
  );
}

export function theOnly(text: string): Problem {
  const { problems } = parseExperiment(text);
  if (problems.length !== 1)
    throw new Error(`One problem was expected:\n${problems.map((p) => formatProblem('file', p)).join('\n')}`);
  return problems[0]!;
}

export function applied(text: string, fix: Fix): string {
  return text.slice(0, fix.range.start.offset) + fix.newText + text.slice(fix.range.end.offset);
}

/** What a problem underlines. */
export function underlined(text: string, { range }: Problem): string {
  return text.slice(range.start.offset, range.end.offset);
}
