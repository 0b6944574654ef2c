import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Alias, Document, Node } from 'yaml';
import type { Problem } from './problems';
import { SourceMap } from './sourceMap';
import { checkGraph } from './yamlGraph';
import { syntaxProblems } from './yamlMessages';
import { refuse, tagProblems } from './yamlRefusals';

/** A text read as YAML: what is wrong with it as YAML, and its plain value when nothing is. */
export interface YamlText {
  document: Document.Parsed;
  source: SourceMap;
  problems: Problem[];
  /** Maps, lists, text, numbers, booleans and null; undefined when there is an error. */
  data: unknown;
}

/** Makes an error from offsets. */
export type Report = (
  code: string,
  start: number,
  end: number,
  message: string,
  fix?: { title: string; start: number; end: number; newText: string },
) => Problem;

/** Reads a text as YAML. Never throws, and never expands an alias before its size is known. */
export function readYaml(text: string): YamlText {
  const refusal = refuse(text);
  const document = parseDocument(refusal ? '' : text, { uniqueKeys: false, prettyErrors: false });
  const aliases = new Map<Alias, Node>();
  const source = new SourceMap(text, document.contents, linesOf(text), aliases);
  const report = reporter(source);
  // The graph is walked in any case, because places are found through its aliases.
  const graphProblems = checkGraph(document.contents, aliases, report);
  const problems = refusal ? [refusal(report)] : yamlProblems(document, text, report);
  if (problems.length === 0) problems.push(...graphProblems);
  const data = problems.length === 0 ? plainData(document.contents, source) : undefined;
  return { document, source, problems, data };
}

function yamlProblems(document: Document.Parsed, text: string, report: Report): Problem[] {
  return [...tagProblems(text, report), ...syntaxProblems(document.errors, text, report)];
}

function reporter(source: SourceMap): Report {
  return (code, start, end, message, fix) => ({
    severity: 'error',
    code,
    message,
    path: [],
    range: source.range(start, end),
    fixes: fix ? [{ title: fix.title, range: source.range(fix.start, fix.end), newText: fix.newText }] : [],
  });
}

/** Counted here and not by the parser, which loses lines where it stumbles. */
function linesOf(text: string): LineCounter {
  const lineCounter = new LineCounter();
  lineCounter.addNewLine(0);
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lineCounter.addNewLine(i + 1);
  return lineCounter;
}

/** The value of a node whose size has been checked. */
function plainData(root: Node | null, source: SourceMap): unknown {
  const node = source.followed(root);
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return (node.items as (Node | null)[]).map((item) => plainData(item, source));
  if (!isMap(node)) return null;
  const data: Record<string, unknown> = {};
  for (const { name, value } of source.entries(node))
    // Defined, not assigned: assigning to a key called __proto__ would change the object instead of filling it.
    Object.defineProperty(data, name, {
      value: plainData(value, source),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  return data;
}
