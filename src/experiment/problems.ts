/** A place in a text: line and column count from 1, offset from 0 (UTF-16 units). */
export interface Position {
  line: number;
  column: number;
  offset: number;
}

export interface SourceRange {
  start: Position;
  end: Position;
}

export type Severity = 'error' | 'warning' | 'information';
export type ExperimentPath = readonly (string | number)[];

/** A change to the text that cures a problem. */
export interface Fix {
  /** What the editor offers, e.g. `Change to temperature`. */
  title: string;
  range: SourceRange;
  newText: string;
}

/** Something wrong with an experiment file. */
export interface Problem {
  severity: Severity;
  /** Stable, dotted, e.g. `key.unknown`. */
  code: string;
  /** A whole sentence that says what is wrong and what would be right. */
  message: string;
  path: ExperimentPath;
  range: SourceRange;
  fixes: Fix[];
}

/** `file:line:column severity code message`, the form that the command line prints and problem matchers read. */
export function formatProblem(file: string, problem: Problem): string {
  const { line, column } = problem.range.start;
  return `${file}:${line}:${column} ${problem.severity} ${problem.code} ${problem.message}`;
}
