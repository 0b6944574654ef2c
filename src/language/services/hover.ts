import { isScalar } from 'yaml';
import { MarkupKind, type Hover } from 'vscode-languageserver';
import { dataAt } from '../../experiment/dataAt';
import { keyAt, valueAt } from '../../experiment/describe';
import { reportMetrics, roleNames } from '../../experiment/expectations';
import { activationWords, layerWords } from '../../experiment/layerNotation';
import type { ExperimentPath } from '../../experiment/problems';
import { activationSchema } from '../../experiment/schema/models';
import { docOf } from '../../experiment/schema/documented';
import { readYaml } from '../../experiment/yamlText';
import { docMarkdown, itemMarkdown, keyMarkdown } from './markdown';
import { modelMarkdown } from './modelSummary';
import { placeAt, toRange, type Place } from './places';
import { comparatorDocs, metricDocs, requirementDocs, roleDocs } from './words';

/** What the word at `offset` means; null where there is nothing to say. */
export function hover(text: string, offset: number): Hover | null {
  const { source, document, data } = readYaml(text);
  const place = placeAt(document.contents, offset);
  if (!place?.node.range) return null;
  const word = place.part === 'value' ? wordAt(text, offset, place) : undefined;
  if (word) return { contents: markdown(word.value), range: toRange(source.range(word.start, word.end)) };
  const value = place.part === 'key' ? keyHover(place.path, dataAt(data, place.path)) : valueHover(place);
  return value === undefined
    ? null
    : { contents: markdown(value), range: toRange(source.range(place.node.range[0], place.node.range[1])) };
}

function markdown(value: string): { kind: typeof MarkupKind.Markdown; value: string } {
  return { kind: MarkupKind.Markdown, value };
}

function keyHover(path: ExperimentPath, data: unknown): string | undefined {
  const key = keyAt(path);
  if (!key) return undefined;
  const model = path.length === 2 && path[1] === 'model' ? modelMarkdown(data) : undefined;
  return [keyMarkdown(key), ...(model === undefined ? [] : [model])].join('\n\n');
}

function valueHover({ path, node }: Place): string | undefined {
  const described = valueAt(path);
  if (!described || !isScalar(node)) return undefined;
  const key = keyAt(path);
  const choice = described.choices.find(({ word }) => word === String(node.value));
  if (choice?.doc && (!key || choice.doc !== described.doc))
    return `**${choice.word}**\n\n${docMarkdown(choice.doc)}`;
  return key ? keyMarkdown(key) : itemMarkdown(described);
}

interface Word {
  value: string;
  start: number;
  end: number;
}

/** The word under the caret in a claim (`student.errors < 5`) or in the notation of a layer (`conv 32 norm`). */
function wordAt(text: string, offset: number, { path, node }: Place): Word | undefined {
  const isClaim = path[0] === 'expect' || (path[0] === 'teacher' && path[1] === 'require');
  const isLayer = path.at(-2) === 'cnn';
  if (!isClaim && !isLayer) return undefined;
  const [from, to] = node.range!;
  for (const match of text.slice(from, to).matchAll(/global\s+pool|\w+|[<>=]+/g)) {
    const start = from + match.index;
    const end = start + match[0].length;
    if (offset < start || offset > end) continue;
    const value = isLayer ? layerWord(match[0]) : claimWord(match[0], path[0] === 'expect');
    if (value !== undefined) return { value: `**${match[0]}** — ${value}`, start, end };
  }
  return undefined;
}

function claimWord(word: string, isExpectation: boolean): string | undefined {
  if (Object.hasOwn(comparatorDocs, word)) return comparatorDocs[word];
  if (!isExpectation) return (requirementDocs as Record<string, string>)[word];
  const role = roleNames.find((name) => name === word);
  const metric = reportMetrics.find((name) => name === word);
  return role ? roleDocs[role] : metric && metricDocs[metric];
}

function layerWord(word: string): string | undefined {
  const name = word
    .toLowerCase()
    .replace(/\s+/, ' ')
    .replace(/^maxpool$/, 'pool');
  if (Object.hasOwn(layerWords, name)) return layerWords[name as keyof typeof layerWords];
  return activationWords.some((activation) => activation === name)
    ? docMarkdown(docOf(activationSchema))
    : undefined;
}
