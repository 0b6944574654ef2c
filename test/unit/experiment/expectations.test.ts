import { describe, expect, it } from 'vitest';
import {
  compare,
  ExpectationError,
  parseExpectation,
  parseRequirement,
  type Comparator,
} from '../../../src/experiment/expectations';

/** The error of reading a text, with the part of the text that it points at. */
function mistake(read: (text: string) => unknown, text: string) {
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof ExpectationError)) throw error;
    return { message: error.message, at: text.slice(error.start, error.end), candidates: error.candidates };
  }
  throw new Error(`"${text}" was read without a complaint.`);
}

describe('what is required of a teacher', () => {
  it.each([
    ['errors <= 130', 'errors', '<=', 130],
    ['accuracy>=0.97', 'accuracy', '>=', 0.97],
    ['  accuracy  >  97.5 % ', 'accuracy', '>', 0.975],
    ['errors < 1.3e2', 'errors', '<', 130],
    ['errors == .0', 'errors', '==', 0],
  ])('%s', (text, metric, comparator, value) => {
    expect(parseRequirement(text)).toEqual({ text, metric, comparator, value });
  });

  it.each([
    ['agreement >= 0.9', 'agreement', /can be required of a teacher: use errors or accuracy/],
    ['errors 130', 'errors 130', /compares nothing/],
    ['errors => 130', '=>', /"=>" is not a comparison/],
    ['errors = 130', '=', /"=" is not a comparison/],
    ['errors <= many', 'many', /"many" is not a number/],
    ['errors <= 1,000', '1,000', /"1,000" is not a number/],
    ['errors <= Infinity', 'Infinity', /is not a number/],
    ['errors <=', 'errors <=', /One side is missing/],
  ])('refuses "%s" and points at "%s"', (text, at, message) => {
    const found = mistake(parseRequirement, text);
    expect(found.message).toMatch(message);
    expect(found.at).toBe(at);
  });

  it('offers the metrics that may have been meant', () => {
    expect(mistake(parseRequirement, 'erors <= 3').candidates).toEqual(['errors', 'accuracy']);
  });
});

describe('what is expected of the report', () => {
  const student = { role: 'student', metric: 'errors' };
  const scratch = { role: 'scratch', metric: 'errors' };

  it.each([
    [
      'student.errors < scratch.errors',
      { factor: 1, reference: student },
      '<',
      { factor: 1, reference: scratch },
    ],
    [
      'student.errors<0.85*scratch.errors',
      { factor: 1, reference: student },
      '<',
      { factor: 0.85, reference: scratch },
    ],
    [
      'scratch.errors * 85% >= student.errors',
      { factor: 0.85, reference: scratch },
      '>=',
      { factor: 1, reference: student },
    ],
    ['140 > student.errors', { factor: 140 }, '>', { factor: 1, reference: student }],
    [
      'student.multiply_adds <= -2 * teacher.gap_closed',
      { factor: 1, reference: { role: 'student', metric: 'multiply_adds' } },
      '<=',
      { factor: -2, reference: { role: 'teacher', metric: 'gap_closed' } },
    ],
  ])('%s', (text, left, comparator, right) => {
    expect(parseExpectation(text)).toEqual({ text, left, comparator, right });
  });

  it.each([
    ['1 < 2', '1 < 2', /compares two numbers/],
    ['studnet.errors < 3', 'studnet', /There is no role "studnet": use teacher, student, scratch/],
    ['0.5 * studnet.errors < 3', 'studnet', /There is no role/],
    ['student.errors < 0.85 * scratch.eror', 'eror', /not a number of the report/],
    ['student < 3', 'student', /"student" is not a number of the report/],
    ['3 > student.', 'student.', /"student." is not a number of the report/],
    ['student.errors.mean < 3', 'errors.mean', /not a number of the report/],
    ['student.errors < scratch.errors * x2', 'x2', /"x2" is not a number/],
    ['student.errors * scratch.errors < 3', 'scratch.errors', /"scratch.errors" is not a number/],
    ['student.errors < 0.85 *', 'student.errors < 0.85 *', /One side is missing/],
    ['* student.errors < 3', '* student.errors < 3', /One side is missing/],
    ['student.errors <> 3', '<>', /not a comparison/],
  ])('refuses "%s" and points at "%s"', (text, at, message) => {
    const found = mistake(parseExpectation, text);
    expect(found.message).toMatch(message);
    expect(found.at).toBe(at);
  });

  it('offers roles and metrics that may have been meant', () => {
    expect(mistake(parseExpectation, 'studen.errors < 3').candidates).toEqual([
      'teacher',
      'student',
      'scratch',
    ]);
    expect(mistake(parseExpectation, 'student.eror < 3').candidates).toContain('errors');
  });
});

it.each<[Comparator, [boolean, boolean, boolean]]>([
  ['<', [true, false, false]],
  ['<=', [true, true, false]],
  ['==', [false, true, false]],
  ['>=', [false, true, true]],
  ['>', [false, false, true]],
])(
  '%s compares a smaller, an equal and a larger number, and nothing holds for NaN',
  (comparator, expected) => {
    expect([1, 2, 3].map((left) => compare(left, comparator, 2))).toEqual(expected);
    expect(compare(NaN, comparator, 2)).toBe(false);
    expect(compare(2, comparator, NaN)).toBe(false);
  },
);
