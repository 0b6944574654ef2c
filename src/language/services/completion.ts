import { isMap, isScalar, type Node } from 'yaml';
import { CompletionItemKind, type CompletionItem, type Range } from 'vscode-languageserver';
import { keysAt, valueAt } from '../../experiment/describe';
import type { ExperimentPath } from '../../experiment/problems';
import type { SourceMap } from '../../experiment/sourceMap';
import { readYaml } from '../../experiment/yamlText';
import { textItems } from './completionInText';
import { keyItem, valueItems, type Writing } from './completionItems';
import { placeAt } from './places';

/** What can be written at `offset` of a text that need not be complete: required keys first. */
export function complete(text: string, offset: number): CompletionItem[] {
  const caret = around(text, offset);
  const marked = `${text.slice(0, caret.start)}${caret.before}${marker}${caret.asKey ? ':' : ''}${text.slice(caret.end)}`;
  const { source, document } = readYaml(marked);
  const place = placeAt(document.contents, caret.start + caret.before.length);
  if (!place || !isScalar(place.node) || !String(place.node.value).includes(marker)) return [];

  const writing: Writing = {
    range: originalRange(text, caret),
    lead: caret.before,
    column: caret.start - lineStart(text, caret.start) + caret.before.length,
    inFlow: isInFlow(document.contents, source, place.path),
    hasColon: caret.hasColon,
  };
  if (place.part === 'value') {
    // A word on a line of its own below `key:` may become a key of a map that does not exist yet.
    const keys = startsOwnLine(marked, place.node, caret.start) ? keyItems(place.path, [], writing) : [];
    return [...keys, ...valuesAt(place.path, place.node, marked, writing)];
  }
  const path = place.path.slice(0, -1);
  const present = place.map ? source.entries(place.map).map(({ name }) => name) : [];
  const keys = keyItems(path, present, writing);
  // Alone on its line, the word may also become a value; of a map only its words, since its keys are offered already.
  if (present.length > 1 || !caret.asKey || path.length === 0) return keys;
  const values = valuesAt(path, place.node, marked, writing);
  return [
    ...keys,
    ...(keys.length > 0 ? values.filter(({ kind }) => kind === CompletionItemKind.EnumMember) : values),
  ];
}

/** Stands where the caret is, so that the parser says what would stand there. */
const marker = 'caretmarker';

interface Caret {
  /** The word around the caret, which is replaced. */
  start: number;
  end: number;
  /** The caret is alone on its line, but for a dash: what is written there may be a key. */
  asKey: boolean;
  hasColon: boolean;
  /** A space, when the word would otherwise touch a colon or a dash. */
  before: string;
}

function around(text: string, offset: number): Caret {
  const head = /\w*$/.exec(text.slice(Math.max(0, offset - 200), offset))![0];
  const tail = /^\w*/.exec(text.slice(offset, offset + 200))![0];
  const [start, end] = [offset - head.length, offset + tail.length];
  const lineBefore = text.slice(lineStart(text, start), start);
  const lineAfter = /^[^\r\n]*/.exec(text.slice(end))![0];
  const touches = /(^|\s)-$|:$/.test(lineBefore);
  return {
    start,
    end,
    asKey: /^\s*(-\s*)*$/.test(lineBefore) && /^\s*(#.*)?$/.test(lineAfter),
    hasColon: /^\s*:(\s|$)/.test(lineAfter),
    before: touches ? ' ' : '',
  };
}

function originalRange(text: string, caret: Caret): Range {
  const position = (offset: number) => ({
    line: text.slice(0, offset).split('\n').length - 1,
    character: offset - lineStart(text, offset),
  });
  return { start: position(caret.start), end: position(caret.end) };
}

function keyItems(path: ExperimentPath, present: readonly string[], writing: Writing): CompletionItem[] {
  const keys = keysAt(path);
  const kindGiven = keys.some((key) => key.kind && present.includes(key.name));
  return keys
    .filter((key) => !present.includes(key.name) && !(key.kind && kindGiven))
    .map((key, index) => keyItem(key, index, writing));
}

function valuesAt(path: ExperimentPath, node: Node, marked: string, writing: Writing): CompletionItem[] {
  const described = valueAt(path);
  if (!described) return [];
  const start = node.range![0];
  const before = marked.slice(start, start + Math.max(0, marked.slice(start).indexOf(marker)));
  if (before.includes('\n')) return [];
  const words = textItems(path, before.replace(/^["']/, ''), writing.range);
  if (words) return words;
  // Inside a text that has begun otherwise, no value fits.
  return before.trim() === '' || /^["']$/.test(before) ? valueItems(path, described, writing) : [];
}

function startsOwnLine(marked: string, node: Node, start: number): boolean {
  const line = lineStart(marked, start);
  return node.range![0] >= line && /^\s*(-\s*)*$/.test(marked.slice(line, start));
}

function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** Within braces or brackets everything stays on one line. */
function isInFlow(root: Node | null, source: SourceMap, path: ExperimentPath): boolean {
  return path.some((_, length) => {
    const node = length === 0 ? root : source.nodeAt(path.slice(0, length));
    return (isMap(node) || (node !== null && node !== undefined && 'flow' in node)) && node.flow === true;
  });
}
