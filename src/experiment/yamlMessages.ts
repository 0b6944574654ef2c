import type { ErrorCode, YAMLError } from 'yaml';
import type { Problem } from './problems';
import type { Report } from './yamlText';

/** What the YAML parser found, in words that someone who has never read the YAML specification understands. */
export function syntaxProblems(errors: readonly YAMLError[], text: string, report: Report): Problem[] {
  const untagged = errors.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED');
  const missingCommas = untagged.filter(({ code }) => code === 'BLOCK_IN_FLOW');
  const isEcho = ({ code, pos }: YAMLError): boolean =>
    code !== 'BLOCK_IN_FLOW' &&
    missingCommas.some((comma) => pos[0] >= comma.pos[0] && pos[1] <= comma.pos[1]);
  const problems = untagged
    .filter((error) => !isEcho(error))
    .map((error) => syntaxProblem(error, text, report));
  // What is said after something was left open is about text that was never meant to be inside it.
  const open = problems.findIndex(({ message }) => message === unclosed || message === unclosedQuote);
  return open < 0 ? problems : problems.slice(0, open + 1);
}

function syntaxProblem(error: YAMLError, text: string, report: Report): Problem {
  const [start, end] = [Math.min(error.pos[0], text.length), Math.min(error.pos[1], text.length)];
  if (error.code === 'TAB_AS_INDENT') return tab(text, start, report);
  if (/Implicit map keys need/.test(error.message)) return missingColon(text, start, end, report);
  const special = specialMessages.find(([pattern]) => pattern.test(error.message));
  const [code, message] = special ? special[1] : (messages[error.code] ?? ['yaml.syntax', general]);
  return report(code, start, end, message);
}

const unclosed = 'A bracket or brace that was opened before this is not closed.';
const unclosedQuote = 'The quotation mark that opens this text is never closed.';
const general =
  'This cannot be read as YAML. Write keys as `key: value`, list items as `- item`, and indent with spaces.';

const messages: Partial<Record<ErrorCode, [code: string, message: string]>> = {
  BAD_INDENT: ['yaml.indent', 'This line is not indented like the lines that it belongs to.'],
  BAD_ALIAS: ['yaml.alias', 'After & or * comes a name, with a space after it.'],
  ALIAS_PROPS: ['yaml.alias', 'A name that is used with * cannot be named again with &.'],
  MULTIPLE_ANCHORS: ['yaml.alias', 'A value can have one name with &, not two.'],
  BAD_PROP_ORDER: ['yaml.alias', 'A name with & comes after the dash or the colon.'],
  BAD_DQ_ESCAPE: [
    'yaml.quotes',
    'A backslash in double quotes begins a special character, and this is none: write \\\\ for a backslash, or use single quotes.',
  ],
  BAD_SCALAR_START: ['yaml.quotes', 'Text cannot begin with this character unless it stands in quotes.'],
  BLOCK_AS_IMPLICIT_KEY: [
    'yaml.syntax',
    'Only one `key: value` fits on a line. Put the inner one on a new line, in braces, or in quotes when it is text with a colon.',
  ],
  BLOCK_IN_FLOW: [
    'yaml.brackets',
    'A comma seems to be missing: inside brackets and braces, commas stand between the items.',
  ],
  KEY_OVER_1024_CHARS: ['yaml.syntax', 'This key is too long.'],
  MULTILINE_IMPLICIT_KEY: ['yaml.syntax', 'A key must stand on one line, with a colon after it.'],
  MULTIPLE_DOCS: [
    'yaml.documents',
    'A file holds one experiment: remove the line of dashes and what follows it, or put it in a file of its own.',
  ],
  BAD_DIRECTIVE: [
    'yaml.syntax',
    'Lines that begin with % are instructions to the YAML reader; an experiment needs none.',
  ],
  RESOURCE_EXHAUSTION: ['yaml.depth', 'Lists and maps are nested too deep here, which no experiment needs.'],
  UNEXPECTED_TOKEN: [
    'yaml.syntax',
    'This is not expected here. Check the brackets, commas and colons before it.',
  ],
  MISSING_CHAR: [
    'yaml.syntax',
    'Something is missing here: a colon after a key, a dash before a list item, or a comma.',
  ],
};

/** The parser gives one code to different mistakes; its text tells them apart. */
const specialMessages: [RegExp, [code: string, message: string]][] = [
  [/Missing closing ["']quote/, ['yaml.quotes', unclosedQuote]],
  [
    /^Flow (map|sequence)|Expected flow|must be sufficiently indented and end with/i,
    ['yaml.brackets', unclosed],
  ],
  [/expected to end with|Expected a? ?[\]}]/i, ['yaml.brackets', unclosed]],
  [/Missing , (or : )?between/, ['yaml.brackets', 'A comma is missing between two items.']],
  [/Unexpected , in/, ['yaml.brackets', 'There is a comma too many here.']],
  [/Missing space after :/, ['yaml.syntax', 'A colon needs a space after it.']],
  [/Comments must be separated/, ['yaml.syntax', 'A comment needs a space before its #.']],
  [
    /Sequence item without -/,
    ['yaml.syntax', 'The lines above are a list: begin this one with a dash, or indent it less.'],
  ],
  [/must be separated from the next token/, ['yaml.alias', 'A name with & or * needs a space after it.']],
  [/Block scalar header/, ['yaml.syntax', 'After | or > the text begins on the next line.']],
];

function tab(text: string, start: number, report: Report): Problem {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))![0];
  return report('yaml.tab', start, start + 1, 'Indentation must be made of spaces, and this is a tab.', {
    title: 'Indent with spaces',
    start: lineStart,
    end: lineStart + indent.length,
    newText: indent.replaceAll('\t', '  '),
  });
}

function missingColon(text: string, start: number, end: number, report: Report): Problem {
  const word = text.slice(start, end).trim();
  const stop = start + word.length;
  const shown = word.length > 40 || word.includes('\n') ? 'this key' : word;
  return report('yaml.colon', start, stop, `A colon and a value are missing after ${shown}.`, {
    title: 'Add the colon',
    start: stop,
    end: stop,
    newText: ':',
  });
}
