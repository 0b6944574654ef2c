import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair } from 'yaml';
import { nearest } from './nearest';
import type { Problem } from './problems';
import { isMergeKey, keyName } from './sourceMap';
import { shorten, tooDeep, yamlBounds } from './yamlRefusals';
import type { Report } from './yamlText';

/**
 * Checks aliases, merge keys, duplicate keys and the size of everything with aliases written out, without writing them
 * out. `aliases` is filled with what each alias stands for.
 */
export function checkGraph(root: Node | null, aliases: Map<Alias, Node>, report: Report): Problem[] {
  return new GraphCheck(aliases, report).check(root);
}

interface Extent {
  nodes: number;
  depth: number;
}

type AnyPair = Pair<Node | null, Node | null>;

/** Walks the nodes once, in the order of the text: whatever an alias may stand for has then been measured. */
class GraphCheck {
  private readonly problems: Problem[] = [];
  private readonly anchors = new Map<string, Node>();
  /** A node is here when all of it has been seen. */
  private readonly extents = new Map<Node, Extent>();

  constructor(
    private readonly aliases: Map<Alias, Node>,
    private readonly report: Report,
  ) {}

  check(root: Node | null): Problem[] {
    const { nodes, depth } = this.visit(root, 0);
    if (this.problems.length > 0) return this.problems;
    const [start, end] = root?.range ?? [0, 0];
    if (nodes > yamlBounds.nodes) return [this.tooLarge(start, Math.min(end, start + 80))];
    return depth > yamlBounds.depth ? [tooDeep(this.report, start, Math.min(end, start + 80))] : [];
  }

  private tooLarge(start: number, end: number): Problem {
    const [alias] =
      [...this.aliases].find(([, node]) => this.extents.get(node)!.nodes > yamlBounds.nodes / 20) ?? [];
    const [from, to] = alias?.range ?? [start, end];
    const bound = yamlBounds.nodes.toLocaleString('en-US');
    const message = `With its aliases written out, this file would have more than ${bound} values. An experiment has some hundred.`;
    return this.report('yaml.size', from, to, message);
  }

  private visit(node: Node | null, level: number): Extent {
    if (!node) return { nodes: 1, depth: 1 };
    if (isAlias(node)) return this.visitAlias(node);
    if (node.anchor) this.anchors.set(node.anchor, node);
    const extent = { nodes: 1, depth: 1 };
    const add = (child: Node | null): void => {
      const { nodes, depth } = this.visit(child, level + 1);
      extent.nodes += nodes;
      extent.depth = Math.max(extent.depth, depth + 1);
    };
    if (level > yamlBounds.depth) {
      if (!this.problems.some(({ code }) => code === 'yaml.depth'))
        this.problems.push(tooDeep(this.report, node.range![0], node.range![0] + 1));
    } else if (isMap(node)) this.visitPairs(node.items as AnyPair[], add);
    else if (isSeq(node)) (node.items as (Node | null)[]).forEach(add);
    this.extents.set(node, extent);
    return extent;
  }

  private visitPairs(pairs: AnyPair[], add: (child: Node | null) => void): void {
    const seen = new Set<string>();
    for (const { key, value } of pairs) {
      this.checkKey(key, value, seen);
      add(value);
      if (isMergeKey(key)) this.checkMerge(value);
    }
  }

  private checkKey(key: Node | null, value: Node | null, seen: Set<string>): void {
    const [start, end] = key?.range ?? value?.range ?? [0, 0];
    const name = keyName(key);
    if (!isScalar(key))
      this.problems.push(this.report('key.type', start, end, 'A key must be a plain word.'));
    else if (seen.has(name) && !isMergeKey(key)) {
      const message = `${shorten(name)} stands twice in this map: keep one of them.`;
      this.problems.push(this.report('key.duplicate', start, end, message));
    }
    seen.add(name);
  }

  private visitAlias(alias: Alias): Extent {
    const target = this.anchors.get(alias.source);
    const extent = target && this.extents.get(target);
    if (extent) {
      this.aliases.set(alias, target);
      return extent;
    }
    this.problems.push(target ? this.endless(alias) : this.unnamed(alias));
    return { nodes: 1, depth: 1 };
  }

  private endless(alias: Alias): Problem {
    const [start, end] = alias.range!;
    const message = `*${shorten(alias.source)} stands inside the value that it names, so it would never end.`;
    return this.report('yaml.alias', start, end, message);
  }

  private unnamed(alias: Alias): Problem {
    const [start, end] = alias.range!;
    const name = shorten(alias.source);
    const near = nearest(alias.source, [...this.anchors.keys()]);
    const hint =
      near === undefined ? `Name a value with &${name} before this line.` : `Did you mean *${near}?`;
    const fix =
      near === undefined ? undefined : { title: `Change to *${near}`, start, end, newText: `*${near}` };
    return this.report('yaml.alias', start, end, `Nothing before this is named ${name}. ${hint}`, fix);
  }

  private checkMerge(value: Node | null): void {
    const follow = (node: Node | null): Node | null | undefined =>
      isAlias(node) ? this.aliases.get(node) : node;
    const target = follow(value);
    const sources = isSeq(target) ? (target.items as (Node | null)[]).map(follow) : [target];
    if (sources.every((source) => isMap(source))) return;
    const [start, end] = value?.range ?? [0, 0];
    const message = '<< takes the keys of other maps: give it *name of a map, or a list of such names.';
    this.problems.push(this.report('yaml.merge', start, end, message));
  }
}
