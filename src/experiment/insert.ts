import { isMap, type Node, type YAMLMap } from 'yaml';
import { branches, describe, keysAt, keysOf, type KeyDescription } from './describe';
import type { ExperimentPath, Fix } from './problems';
import { docOf } from './schema/documented';
import type { SourceMap } from './sourceMap';
import type * as z from 'zod';

/**
 * A change that adds `key` to the map at `path`, where the schema's order puts it, with an example as its value.
 * Undefined where there is no map to add to, or where it came from a merge key.
 */
export function insertKey(
  source: SourceMap,
  path: ExperimentPath,
  key: KeyDescription,
  value?: string,
): Fix | undefined {
  const title = `Add ${key.name}`;
  const map = source.nodeAt(path);
  if (map === null) return insertIntoNothing(source, path, key, title, value);
  if (!isMap(map)) return undefined;
  if (map.items.length === 0 || map.flow) return insertIntoFlow(source, map, key, title, value);

  const column = source.position((map.items[0]!.key as Node).range![0]).column - 1;
  const text = `${key.name}:${value === undefined ? keyExample(key, column + 2) : ` ${value}`}`;
  const order = keysAt(path).map(({ name }) => name);
  const before = order.slice(0, order.indexOf(key.name));
  const previous = source
    .entries(map)
    .findLast((entry) => before.includes(entry.name) && isOwn(map, entry.key));
  if (!previous) {
    const at = (map.items[0]!.key as Node).range![0];
    return { title, range: source.range(at, at), newText: `${text}\n${' '.repeat(column)}` };
  }
  const at = endOfEntry(source.text, previous.key, previous.value);
  return { title, range: source.range(at, at), newText: `\n${' '.repeat(column)}${text}` };
}

/** An example or the default of a key, to follow its colon; it begins with a space or a new line. `indent` is for its lines. */
export function keyExample(key: KeyDescription, indent: number): string {
  const { defaultText, schema } = key.value;
  return key.doc?.example === undefined && defaultText !== undefined
    ? ` ${defaultText}`
    : example(schema, indent);
}

/** The same on one line, without the space. */
export function inlineKeyExample(key: KeyDescription): string {
  return key.doc?.example ?? key.value.defaultText ?? inlineExample(key.value.schema);
}

function example(schema: z.ZodType, indent: number): string {
  const short = docOf(schema)?.example;
  if (short !== undefined) return ` ${short}`;
  const branch = branches(schema)[0]!;
  const pad = `\n${' '.repeat(indent)}`;
  if (branch.def.type === 'object')
    return exampleKeys(branch)
      .map((key) => `${pad}${key.name}:${example(key.value.schema, indent + 2)}`)
      .join('');
  if (branch.def.type === 'array') {
    const item = example((branch.def as unknown as { element: z.ZodType }).element, indent + 2);
    return `${pad}- ${item.trimStart()}`;
  }
  const word = describe(schema).choices[0]?.word;
  return word === undefined ? ' ' : ` ${word}`;
}

/** What a map cannot be without: its required keys, or the first of those that name its kind. */
function exampleKeys(branch: z.ZodType): KeyDescription[] {
  const keys = keysOf(branch);
  const kind = keys.find((key) => key.kind);
  return keys.filter((key) => key.required || key === kind);
}

function insertIntoNothing(
  source: SourceMap,
  path: ExperimentPath,
  key: KeyDescription,
  title: string,
  value?: string,
): Fix | undefined {
  const range = source.rangeOf(path, 'key');
  if (!range || path.length === 0) return undefined;
  const colon = source.text.indexOf(':', range.end.offset);
  if (colon < 0 || source.text.slice(range.end.offset, colon).trim() !== '') return undefined;
  const indent = range.start.column + 1;
  const text = value === undefined ? keyExample(key, indent + 2) : ` ${value}`;
  return {
    title,
    range: source.range(colon + 1, colon + 1),
    newText: `\n${' '.repeat(indent)}${key.name}:${text}`,
  };
}

function insertIntoFlow(
  source: SourceMap,
  map: YAMLMap,
  key: KeyDescription,
  title: string,
  value?: string,
): Fix | undefined {
  const inline = value ?? inlineKeyExample(key);
  const last = map.items.at(-1);
  const close = map.range![1] - 1;
  if (!map.flow || source.text[close] !== '}') return undefined;
  const at = last ? ((last.value ?? last.key) as Node).range![1] : close;
  return { title, range: source.range(at, at), newText: `${last ? ', ' : ''}${key.name}: ${inline}` };
}

/** An example of a value on one line. */
export function inlineExample(schema: z.ZodType): string {
  const short = docOf(schema)?.example;
  const branch = branches(schema)[0]!;
  if (short !== undefined) return /^\w+: /.test(short) ? `{${short}}` : short;
  if (branch.def.type === 'array')
    return `[${inlineExample((branch.def as unknown as { element: z.ZodType }).element)}]`;
  if (branch.def.type !== 'object') return '""';
  return `{${exampleKeys(branch)
    .map((key) => `${key.name}: ${inlineExample(key.value.schema)}`)
    .join(', ')}}`;
}

function isOwn(map: YAMLMap, key: Node): boolean {
  return map.items.some((pair) => pair.key === key);
}

/** The end of the line on which an entry ends, so that a comment after it stays with it. */
function endOfEntry(text: string, key: Node, value: Node | null): number {
  const end = Math.max(key.range![1], value?.range?.[1] ?? 0);
  const trimmed = end - (text.slice(0, end).length - text.slice(0, end).trimEnd().length);
  const colon =
    value?.range && value.range[1] > value.range[0]
      ? trimmed
      : Math.max(trimmed, text.indexOf(':', trimmed) + 1);
  const newline = text.indexOf('\n', colon);
  const stop = newline < 0 ? text.length : newline;
  return text[stop - 1] === '\r' ? stop - 1 : stop;
}
