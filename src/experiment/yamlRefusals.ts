import { Lexer } from 'yaml';
import { minimalExperiment } from './minimal';
import type { Problem } from './problems';
import type { Report } from './yamlText';

/** An experiment is some hundred lines; a text beyond these bounds is something else, or meant to exhaust memory. */
export const yamlBounds = { characters: 1_000_000, lexemes: 200_000, nodes: 10_000, depth: 64 } as const;

type Refusal = (report: Report) => Problem;

/** What is refused before the YAML parser sees it, because the parser would be slow, fail, or understand nothing. */
export function refuse(text: string): Refusal | undefined {
  const isEmpty =
    text
      .replace(/^\uFEFF/, '')
      .replace(/^\s*#.*$/gm, '')
      .trim() === '';
  if (isEmpty) return (report) => empty(text, report);
  if (text.length > yamlBounds.characters)
    return (report) =>
      report(
        'yaml.size',
        0,
        firstLineEnd(text),
        'This file is larger than one megabyte, which no experiment file is.',
      );
  // eslint-disable-next-line no-control-regex -- control characters are what tells a binary file from a text.
  const binary = /[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\uFFFD]/.exec(text);
  if (binary)
    return (report) =>
      report(
        'file.notText',
        binary.index,
        binary.index + 1,
        'This is not a text file: it has characters that no text has. An experiment is written in YAML.',
      );
  return tooMuch(text);
}

/** Tags can make YAML do more than hold data, so all of them are refused, also those that would be harmless. */
export function tagProblems(text: string, report: Report): Problem[] {
  if (!text.includes('!')) return [];
  const problems: Problem[] = [];
  for (const { lexeme, offset, isText } of lexemes(text)) {
    if (!lexeme.startsWith('!') || isText) continue;
    const end = offset + lexeme.length;
    const blank = /^[ \t]*/.exec(text.slice(end, end + 1000))![0].length;
    const message = `Tags such as ${shorten(lexeme)} are not allowed: an experiment holds plain text, numbers, lists and maps.`;
    const fix = { title: `Remove ${shorten(lexeme)}`, start: offset, end: end + blank, newText: '' };
    problems.push(report('yaml.tag', offset, end, message, fix));
    if (problems.length === 20) break;
  }
  return problems;
}

export function tooDeep(report: Report, start: number, end: number): Problem {
  const message = `Lists and maps are nested more than ${yamlBounds.depth} deep here, which no experiment needs.`;
  return report('yaml.depth', start, end, message);
}

/** Names in messages stay short enough to read. */
export function shorten(name: string): string {
  return name.length > 40 ? `${name.slice(0, 39)}…` : name;
}

function empty(text: string, report: Report): Problem {
  const newText = (text === '' || text.endsWith('\n') ? '' : '\n') + minimalExperiment;
  return report(
    'file.empty',
    0,
    text.length,
    'This file is empty. An experiment needs at least version, data, teacher, student and distill.',
    { title: 'Insert a minimal experiment', start: text.length, end: text.length, newText },
  );
}

/** Counts what the parser would recurse into. The lexer does not recurse, so it can be trusted with any text. */
function tooMuch(text: string): Refusal | undefined {
  let [count, inBrackets, onLine] = [0, 0, 0];
  for (const { lexeme, offset } of lexemes(text)) {
    if (lexeme === '[' || lexeme === '{') inBrackets++;
    else if (lexeme === ']' || lexeme === '}') inBrackets = Math.max(0, inBrackets - 1);
    else if (inBrackets === 0 && /^[-?:]$/.test(lexeme)) onLine++;
    else if (lexeme.includes('\n')) onLine = 0;
    if (inBrackets > yamlBounds.depth || onLine > yamlBounds.depth)
      return (report) => tooDeep(report, offset, offset + 1);
    if (++count > yamlBounds.lexemes)
      return (report) =>
        report(
          'yaml.size',
          0,
          firstLineEnd(text),
          'This file has far more in it than an experiment can have.',
        );
  }
  return undefined;
}

/** The lexer puts these between lexemes to mark documents, errors and text; they do not stand in the text. */
const textMark = '\u001f';
const marks = new Set(['\u0002', '\u0018', textMark]);

function* lexemes(text: string): Generator<{ lexeme: string; offset: number; isText: boolean }> {
  let offset = 0;
  let isText = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (marks.has(lexeme)) {
      isText = lexeme === textMark;
      continue;
    }
    yield { lexeme, offset, isText };
    isText = false;
    offset += lexeme.length;
  }
}

function firstLineEnd(text: string): number {
  const end = text.indexOf('\n');
  return end < 0 ? Math.min(text.length, 80) : end;
}
