import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Range } from 'vscode-languageserver';
import type { ExperimentPath, SourceRange } from '../../experiment/problems';
import { isMergeKey, keyName } from '../../experiment/sourceMap';

/** What stands at an offset of the text. */
export interface Place {
  path: ExperimentPath;
  part: 'key' | 'value';
  /** The key or the value itself. */
  node: Node;
  /** For a key: the map that it is in. */
  map: YAMLMap | undefined;
}

/** The innermost key or value that touches `offset`; undefined between them and in comments. */
export function placeAt(root: Node | null, offset: number): Place | undefined {
  return search(root, offset, []);
}

/** LSP counts lines and characters from 0. */
export function toRange({ start, end }: SourceRange): Range {
  return {
    start: { line: start.line - 1, character: start.column - 1 },
    end: { line: end.line - 1, character: end.column - 1 },
  };
}

function search(node: Node | null, offset: number, path: ExperimentPath): Place | undefined {
  if (isMap(node)) {
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const found = searchPair(node, pair, offset, path);
      if (found) return found;
    }
  } else if (isSeq(node)) {
    for (const [index, item] of (node.items as (Node | null)[]).entries()) {
      const found = search(item, offset, [...path, index]);
      if (found) return found;
    }
  }
  return (isScalar(node) || isAlias(node)) && touches(node, offset)
    ? { path, part: 'value', node, map: undefined }
    : undefined;
}

function searchPair(
  map: YAMLMap,
  { key, value }: Pair<Node | null, Node | null>,
  offset: number,
  path: ExperimentPath,
): Place | undefined {
  const inner = isMergeKey(key) ? path : [...path, keyName(key)];
  if (key && touches(key, offset)) return { path: inner, part: 'key', node: key, map };
  return search(value, offset, inner);
}

function touches({ range }: Node, offset: number): boolean {
  return !!range && range[0] < range[1] && offset >= range[0] && offset <= range[1];
}
