import {
  ExpectationError,
  parseExpectation,
  parseRequirement,
  type Comparator,
  type Expectation,
  type ReportMetric,
  type Side,
} from './expectations';
import type { Findings } from './findings';
import type { ExperimentPath, Fix } from './problems';
import type { ExperimentInput } from './schema/experiment';

/** Checks the lines of `require` and `expect`: that they can be read, and that they can be true. */
export function checkClaims({ teacher, compare, expect }: ExperimentInput, findings: Findings): void {
  if (teacher.require !== undefined) checkRequirement(teacher.require, findings);
  expect.forEach((text, index) => checkExpectation(text, ['expect', index], compare.length > 0, findings));
}

function checkRequirement(text: string, findings: Findings): void {
  const path = ['teacher', 'require'];
  const requirement = readable('require.unreadable', text, path, findings, parseRequirement);
  if (requirement)
    checkReach(requirement.metric, requirement.comparator, requirement.value, text, path, findings);
}

function checkExpectation(text: string, path: ExperimentPath, hasScratch: boolean, findings: Findings): void {
  const expectation = readable('expect.unreadable', text, path, findings, parseExpectation);
  if (!expectation) return;
  checkScratch(expectation, path, hasScratch, findings);
  const { left, right, comparator } = expectation;
  checkMeaning(left, text, path, findings);
  checkMeaning(right, text, path, findings);
  if (left.reference && left.factor === 1 && !right.reference)
    checkReach(left.reference.metric, comparator, right.factor, text, path, findings);
}

/** The parsed line; when it cannot be read, that is reported where in the line it fails. */
function readable<T>(
  code: string,
  text: string,
  path: ExperimentPath,
  findings: Findings,
  parse: (text: string) => T,
): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ExpectationError)) throw error;
    findings.addInText(code, path, text, error);
    return undefined;
  }
}

function checkScratch(
  { left, right }: Expectation,
  path: ExperimentPath,
  hasScratch: boolean,
  findings: Findings,
): void {
  if (hasScratch) return;
  const references = [left.reference, right.reference];
  const fixes = addCompare(findings);
  if (references.some((reference) => reference?.role === 'scratch'))
    findings.add(
      'error',
      'expect.scratch',
      path,
      'This names scratch, the student without the teacher, which is trained only when compare has it: add "compare: [scratch]".',
      { fixes },
    );
  else if (references.some((reference) => reference?.metric === 'gap_closed'))
    findings.add(
      'error',
      'expect.gap',
      path,
      'The gap is the one between the teacher and scratch, so scratch must be trained too: add "compare: [scratch]".',
      { fixes },
    );
}

/** The change that trains `scratch` too. */
export function addCompare(findings: Findings): Fix[] {
  const fix = findings.setValue([], 'compare', '[scratch]');
  return fix ? [{ ...fix, title: 'Add compare: [scratch]' }] : [];
}

/** Some numbers are defined for some roles only. */
function checkMeaning({ reference }: Side, text: string, path: ExperimentPath, findings: Findings): void {
  if (!reference) return;
  const { role, metric } = reference;
  const wrong =
    metric === 'gap_closed' && role !== 'student'
      ? 'gap_closed is a number of the student: how much of the way from scratch to the teacher it went.'
      : (metric === 'agreement' || metric === 'kl') && role === 'teacher'
        ? `${metric} compares a student with the teacher, and the teacher agrees with itself: ask it of student or scratch.`
        : undefined;
  if (wrong === undefined) return;
  const start = Math.max(0, text.indexOf(`${role}.${metric}`));
  findings.addInText('expect.role', path, text, {
    message: wrong,
    start,
    end: start + role.length,
    candidates: [],
  });
}

const shares: ReadonlySet<ReportMetric> = new Set(['accuracy', 'agreement', 'ece']);

/** `accuracy >= 97` is meant as per cent, and would never be reached. */
function checkReach(
  metric: ReportMetric,
  comparator: Comparator,
  value: number,
  text: string,
  path: ExperimentPath,
  findings: Findings,
): void {
  if (!shares.has(metric) || (value >= 0 && value <= 1)) return;
  const match = /([+-]?[\d.]+(?:e[+-]?\d+)?)\s*$/i.exec(text);
  const percent = value > 1 && value <= 100 && match !== null;
  const hint = percent ? ` For per cent write ${match[1]!}%.` : '';
  const start = match?.index ?? 0;
  const outcome =
    comparator === '<' || comparator === '<='
      ? value > 1
        ? 'always holds'
        : 'never holds'
      : value > 1
        ? 'never holds'
        : 'always holds';
  const mistake = {
    message: `${metric} lies between 0 and 1, so this ${outcome}.${hint}`,
    start,
    end: text.trimEnd().length,
    candidates: [],
  };
  findings.addInText('claim.range', path, text, mistake);
  const problem = findings.problems.at(-1)!;
  if (percent && problem.range.end.offset - problem.range.start.offset === mistake.end - start)
    problem.fixes.push({ title: `Change to ${match[1]!}%`, range: problem.range, newText: `${match[1]!}%` });
}
