/** Numbers that `require` may name: they are measured on the validation samples. */
export const requirementMetrics = ['errors', 'accuracy'] as const;
/** Numbers that `expect` may name: they stand in the report. */
export const reportMetrics = [
  'errors',
  'accuracy',
  'agreement',
  'kl',
  'ece',
  'parameters',
  'bytes',
  'multiply_adds',
  'gap_closed',
] as const;
export const roleNames = ['teacher', 'student', 'scratch'] as const;

export type Comparator = '<' | '<=' | '>' | '>=' | '==';
export type RequirementMetric = (typeof requirementMetrics)[number];
export type ReportMetric = (typeof reportMetrics)[number];
export type RoleName = (typeof roleNames)[number];

/** `errors <= 130`. */
export interface Requirement {
  text: string;
  metric: RequirementMetric;
  comparator: Comparator;
  value: number;
}

/** One side of an expectation: `factor` alone, or `factor · role.metric`. */
export interface Side {
  factor: number;
  reference?: { role: RoleName; metric: ReportMetric };
}

/** `student.errors < 0.85 * scratch.errors`. */
export interface Expectation {
  text: string;
  left: Side;
  comparator: Comparator;
  right: Side;
}

/** Why a line cannot be read: a sentence, and where in the text (0-based, end exclusive). */
export class ExpectationError extends Error {
  constructor(
    message: string,
    readonly start: number,
    readonly end: number,
    /** Words of which one was probably meant. */
    readonly candidates: readonly string[] = [],
  ) {
    super(message);
  }
}

const comparators: readonly string[] = ['<', '<=', '>', '>=', '=='];

/** Reads `errors <= 130`. @throws {ExpectationError} */
export function parseRequirement(text: string): Requirement {
  const { left, comparator, right } = split(text);
  if (!requirementMetrics.includes(left.text as RequirementMetric))
    throw new ExpectationError(
      `"${left.text}" is not something that can be required of a teacher: use ${requirementMetrics.join(' or ')}, as in "accuracy >= 0.97".`,
      left.start,
      left.end,
      requirementMetrics,
    );
  return { text, metric: left.text as RequirementMetric, comparator, value: number(right) };
}

/** Reads `student.errors < 0.85 * scratch.errors`. @throws {ExpectationError} */
export function parseExpectation(text: string): Expectation {
  const { left, comparator, right } = split(text);
  const expectation = { text, left: side(text, left), comparator, right: side(text, right) };
  if (!expectation.left.reference && !expectation.right.reference)
    throw new ExpectationError(
      'This compares two numbers: name a role and a number, such as student.errors.',
      0,
      text.length,
    );
  return expectation;
}

export function compare(left: number, comparator: Comparator, right: number): boolean {
  switch (comparator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '==':
      return left === right;
  }
}

interface Piece {
  text: string;
  start: number;
  end: number;
}

function split(text: string): { left: Piece; comparator: Comparator; right: Piece } {
  const match = /[<>=!]+/.exec(text);
  if (!match)
    throw new ExpectationError(
      `"${text}" compares nothing: write one of ${comparators.join(' ')} between two sides.`,
      0,
      text.length,
    );
  const end = match.index + match[0].length;
  if (!comparators.includes(match[0]))
    throw new ExpectationError(
      `"${match[0]}" is not a comparison: use one of ${comparators.join(' ')}.`,
      match.index,
      end,
    );
  return {
    left: trimmed(text, 0, match.index),
    comparator: match[0] as Comparator,
    right: trimmed(text, end, text.length),
  };
}

function trimmed(text: string, start: number, end: number): Piece {
  const raw = text.slice(start, end);
  const inner = raw.trim();
  const from = start + (raw.length - raw.trimStart().length);
  if (!inner)
    throw new ExpectationError(
      'One side is missing: something must stand before and after every sign.',
      0,
      text.length,
    );
  return { text: inner, start: from, end: from + inner.length };
}

function number(piece: Piece): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(%?)$/i.exec(piece.text);
  if (!match) throw new ExpectationError(`"${piece.text}" is not a number.`, piece.start, piece.end);
  return Number(match[1]) / (match[2] ? 100 : 1);
}

function side(text: string, piece: Piece): Side {
  const star = piece.text.indexOf('*');
  if (star < 0)
    return isReference(piece) ? { factor: 1, reference: roleAndMetric(piece) } : { factor: number(piece) };
  const first = trimmed(text, piece.start, piece.start + star);
  const second = trimmed(text, piece.start + star + 1, piece.end);
  const [factor, reference] = isReference(first) ? [second, first] : [first, second];
  return { factor: number(factor), reference: roleAndMetric(reference) };
}

function isReference({ text }: Piece): boolean {
  return /^[a-z]/i.test(text);
}

function roleAndMetric(piece: Piece): { role: RoleName; metric: ReportMetric } {
  const [role = '', metric, ...rest] = piece.text.split('.');
  const roleEnd = piece.start + role.length;
  if (!roleNames.includes(role as RoleName))
    throw new ExpectationError(
      `There is no role "${role}": use ${roleNames.join(', ')}.`,
      piece.start,
      roleEnd,
      roleNames,
    );
  if (metric === undefined || rest.length > 0 || !reportMetrics.includes(metric as ReportMetric))
    throw new ExpectationError(
      `"${piece.text}" is not a number of the report: use ${role}. with one of ${reportMetrics.join(', ')}.`,
      metric ? roleEnd + 1 : piece.start,
      piece.end,
      reportMetrics,
    );
  return { role: role as RoleName, metric: metric as ReportMetric };
}
