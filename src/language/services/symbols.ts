import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { SymbolKind, type DocumentSymbol } from 'vscode-languageserver';
import type { ExperimentPath } from '../../experiment/problems';
import type { EntryPart, SourceMap } from '../../experiment/sourceMap';
import { isMergeKey, keyName } from '../../experiment/sourceMap';
import { readYaml } from '../../experiment/yamlText';
import { toRange } from './places';

/** The outline: every key, with items of lists called by their name or their kind. */
export function documentSymbols(text: string): DocumentSymbol[] {
  const { source, document } = readYaml(text);
  return new Outline(source).children(document.contents, []);
}

class Outline {
  constructor(private readonly source: SourceMap) {}

  /** Aliases are shown but not entered: what they stand for is in the outline already. */
  children(node: Node | null, path: ExperimentPath): DocumentSymbol[] {
    if (isMap(node)) {
      const own = node.items.filter((pair) => !isMergeKey(pair.key as Node | null) && isScalar(pair.key));
      return own.map((pair) => {
        const name = keyName(pair.key as Node);
        return this.symbol(name || '(empty)', [...path, name], pair.value as Node | null, 'pair');
      });
    }
    if (!isSeq(node)) return [];
    const items = node.items as (Node | null)[];
    if (!items.some(isMap)) return [];
    return items.map((item, index) => this.symbol(itemName(item, index), [...path, index], item, 'value'));
  }

  private symbol(name: string, path: ExperimentPath, value: Node | null, part: EntryPart): DocumentSymbol {
    const nothing = this.source.range(0, 0);
    return {
      name,
      detail: this.detail(value),
      kind: kindOf(value),
      range: toRange(this.source.rangeOf(path, part) ?? nothing),
      selectionRange: toRange(this.source.rangeOf(path, part === 'pair' ? 'key' : part) ?? nothing),
      children: this.children(value, path),
    };
  }

  private detail(value: Node | null): string {
    if (!value?.range || (isMap(value) && !value.flow) || (isSeq(value) && !value.flow)) return '';
    const written = this.source.text.slice(value.range[0], value.range[1]).replaceAll(/\s+/g, ' ');
    return written.length > 60 ? `${written.slice(0, 59)}…` : written;
  }
}

function itemName(item: Node | null, index: number): string {
  if (!isMap(item)) return String(index + 1);
  const name: unknown = item.get('name');
  if (typeof name === 'string' && name !== '') return name;
  return keyName((item.items[0]?.key ?? null) as Node | null) || String(index + 1);
}

function kindOf(value: Node | null): SymbolKind {
  if (isMap(value)) return SymbolKind.Object;
  if (isSeq(value)) return SymbolKind.Array;
  if (!isScalar(value) || value.value === null) return SymbolKind.Null;
  if (typeof value.value === 'number') return SymbolKind.Number;
  return typeof value.value === 'boolean' ? SymbolKind.Boolean : SymbolKind.String;
}
