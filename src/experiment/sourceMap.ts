import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type LineCounter,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import type { ExperimentPath, Position, SourceRange } from './problems';

/** Which part of an entry a range covers; a list item has no key, so all of its parts are the item. */
export type EntryPart = 'key' | 'value' | 'pair';

/** One entry of a map, as it stands in the text. */
export interface MapEntry {
  name: string;
  key: Node;
  /** Null for `key:` with nothing after it. */
  value: Node | null;
}

/** Finds the place in the text of any path of an experiment; aliases and merge keys are followed to where they point. */
export class SourceMap {
  /** Each map is collected once: maps that merge maps that merge maps would otherwise take exponential time. */
  private readonly known = new Map<YAMLMap, readonly MapEntry[]>();

  constructor(
    readonly text: string,
    private readonly root: Node | null,
    private readonly lineCounter: LineCounter,
    /** What each alias stands for. */
    private readonly aliases: ReadonlyMap<Alias, Node>,
  ) {}

  /**
   * The range of `path`, or of its nearest ancestor that stands in the text: then its key, because a whole block would
   * be underlined otherwise. Undefined only for a text without content.
   */
  rangeOf(path: ExperimentPath, part: EntryPart = 'value'): SourceRange | undefined {
    if (!this.root) return undefined;
    let node: Node | null = this.root;
    let key: Node | null = null;
    for (const step of path) {
      const found = this.child(node, step);
      if (!found) return this.partRange(key, node, 'key');
      ({ key, value: node } = found);
    }
    return this.partRange(key, node, part);
  }

  /** The node at `path` with aliases followed; null for an empty value, undefined when it is not in the text. */
  nodeAt(path: ExperimentPath): Node | null | undefined {
    let node: Node | null = this.root;
    for (const step of path) {
      const found = this.child(node, step);
      if (!found) return undefined;
      node = found.value;
    }
    const followed = this.followed(node);
    return isScalar(followed) && followed.value === null && followed.source === '' ? null : followed;
  }

  /** The entries of a map in order; those that a merge key brings come last. */
  entries(map: YAMLMap): readonly MapEntry[] {
    let entries = this.known.get(map);
    if (!entries) this.known.set(map, (entries = this.collect(map)));
    return entries;
  }

  /** The node that an alias stands for; any other node is itself. */
  followed(node: Node | null): Node | null {
    let current = node;
    while (isAlias(current)) current = this.aliases.get(current) ?? null;
    return current;
  }

  range(start: number, end: number): SourceRange {
    return { start: this.position(start), end: this.position(Math.max(start, end)) };
  }

  position(offset: number): Position {
    const inside = Math.min(Math.max(offset, 0), this.text.length);
    const { line, col } = this.lineCounter.linePos(inside);
    return { line: Math.max(line, 1), column: Math.max(col, 1), offset: inside };
  }

  private collect(map: YAMLMap): MapEntry[] {
    const own: MapEntry[] = [];
    const merged: MapEntry[] = [];
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      if (isMergeKey(pair.key))
        for (const source of this.mergeSources(pair.value)) merged.push(...this.entries(source));
      else own.push({ name: keyName(pair.key), key: pair.key, value: pair.value });
    }
    const names = new Set(own.map((entry) => entry.name));
    for (const entry of merged) {
      if (names.has(entry.name)) continue;
      names.add(entry.name);
      own.push(entry);
    }
    return own;
  }

  private child(
    parent: Node | null,
    step: string | number,
  ): { key: Node | null; value: Node | null } | undefined {
    const node = this.followed(parent);
    if (isSeq(node)) {
      const item = typeof step === 'number' ? (node.items[step] as Node | null | undefined) : undefined;
      return item === undefined ? undefined : { key: null, value: item };
    }
    if (isMap(node)) return this.entries(node).find((entry) => entry.name === String(step));
    return undefined;
  }

  private mergeSources(value: Node | null): YAMLMap[] {
    const node = this.followed(value);
    if (isMap(node)) return [node];
    if (!isSeq(node)) return [];
    return (node.items as (Node | null)[]).map((item) => this.followed(item)).filter((item) => isMap(item));
  }

  private partRange(key: Node | null, value: Node | null, part: EntryPart): SourceRange {
    const [keyRange, valueRange] = [extent(key), extent(value)];
    if (!keyRange) {
      const whole = valueRange ?? [0, 0];
      // A root or a list item has no key: for a block map its first key stands for it.
      const first =
        part === 'key' && isMap(value) ? extent((value.items[0]?.key ?? null) as Node | null) : undefined;
      return this.range(...(first ?? this.trimmed(whole)));
    }
    if (part === 'key' || (part === 'value' && !valueRange)) return this.range(...keyRange);
    if (part === 'value') return this.range(...this.trimmed(valueRange!));
    return this.range(keyRange[0], this.trimmed(valueRange ?? keyRange)[1]);
  }

  /** Block collections reach to the start of the next line; what is shown ends with their last character. */
  private trimmed([start, end]: [number, number]): [number, number] {
    return [start, start + this.text.slice(start, end).trimEnd().length];
  }
}

/** The name of a key: the text as written, so that `1.0:` is `1.0`. */
export function keyName(key: Node | null): string {
  if (!isScalar(key)) return '';
  return typeof key.value === 'string' ? key.value : (key.source ?? '');
}

export function isMergeKey(key: Node | null): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

/** An empty value has a range of no length somewhere after its key, which nobody would find. */
function extent(node: Node | null): [number, number] | undefined {
  if (!node?.range || node.range[0] === node.range[1]) return undefined;
  return [node.range[0], node.range[1]];
}
