import { isMap, type Node, type Pair } from 'yaml';
import type { ExperimentPath, Fix } from './problems';
import { keyName, type SourceMap } from './sourceMap';

/**
 * A change that takes `key` and its value out of the map at `path`. Undefined where the key came from a merge, where
 * something else refers to its value, or where a comment stands so near that it would be torn from what it explains.
 */
export function removeKey(source: SourceMap, path: ExperimentPath, key: string): Fix | undefined {
  const map = source.nodeAt(path);
  if (!isMap(map)) return undefined;
  const pairs = map.items as Pair<Node, Node | null>[];
  const index = pairs.findIndex((pair) => keyName(pair.key) === key);
  const pair = pairs[index];
  if (!pair || hasAnchor(pair.value)) return undefined;

  const { text } = source;
  const endOf = ({ key, value }: Pair<Node, Node | null>): number => {
    const end = Math.max(key.range![1], value?.range?.[1] ?? 0);
    return text.slice(0, end).trimEnd().length;
  };
  const [before, next] = [pairs[index - 1], pairs[index + 1]];
  const start = pair.key.range![0];
  let [from, to] = [text.slice(0, start).trimEnd().length, endOf(pair)];
  if (next) [from, to] = [start, next.key.range![0]];
  else if (before) from = endOf(before);
  else if (map.flow) from = start;
  const around = text.slice(from, start) + text.slice(endOf(pair), to);
  return around.includes('#')
    ? undefined
    : { title: `Remove ${key}`, range: source.range(from, to), newText: '' };
}

function hasAnchor(node: Node | null): boolean {
  return (node as { anchor?: string } | null)?.anchor !== undefined;
}
