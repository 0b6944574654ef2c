import { CompletionItemKind, MarkupKind, type CompletionItem, type Range } from 'vscode-languageserver';
import { roleNames, type RoleName } from '../../experiment/expectations';
import { activationWords, layerWords } from '../../experiment/layerNotation';
import type { ExperimentPath } from '../../experiment/problems';
import { activationSchema } from '../../experiment/schema/models';
import { docOf } from '../../experiment/schema/documented';
import { docMarkdown } from './markdown';
import { comparatorDocs, metricDocs, metricsOf, requirementDocs, roleDocs } from './words';

/**
 * Words inside a text that has a grammar of its own: a line of `expect`, `require`, or a layer of `cnn`. `before` is what
 * stands before the word. Undefined for any other text.
 */
export function textItems(path: ExperimentPath, before: string, range: Range): CompletionItem[] | undefined {
  const words = wordsAt(path, before);
  return words?.map(([label, text, documentation, kind], index) => ({
    label,
    kind,
    sortText: String(index).padStart(4, '0'),
    documentation: { kind: MarkupKind.Markdown, value: documentation },
    textEdit: { range, newText: text },
  }));
}

type Word = [label: string, text: string, documentation: string, kind: CompletionItemKind];

function wordsAt(path: ExperimentPath, before: string): Word[] | undefined {
  if (path.length === 2 && path[0] === 'expect') return expectationWords(before);
  if (path.length === 2 && path[0] === 'teacher' && path[1] === 'require') return requirementWords(before);
  if (path.at(-2) === 'cnn' && typeof path.at(-1) === 'number') return layerWordsAt(before);
  return undefined;
}

function expectationWords(before: string): Word[] {
  const role = /(\w+)\.$/.exec(before)?.[1];
  if (role !== undefined) {
    const known = roleNames.find((name) => name === role);
    return known
      ? metricsOf(known).map((metric) => word(metric, metricDocs[metric], CompletionItemKind.Field))
      : [];
  }
  if (isSideDone(before)) return comparators(before);
  return roleNames.map((name: RoleName): Word => [
    name,
    `${name}.`,
    roleDocs[name],
    CompletionItemKind.Variable,
  ]);
}

function requirementWords(before: string): Word[] {
  if (before.trim() === '')
    return Object.entries(requirementDocs).map(([metric, doc]) =>
      word(metric, doc, CompletionItemKind.Field),
    );
  return isSideDone(before) ? comparators(before) : [];
}

/** A name or a number and a space: now the comparison is due. */
function isSideDone(before: string): boolean {
  return /[\w%]\s+$/.test(before);
}

function comparators(before: string): Word[] {
  if (/[<>=]/.test(before)) return [];
  return Object.entries(comparatorDocs).map(([sign, doc]) => word(sign, doc, CompletionItemKind.Operator));
}

function layerWordsAt(before: string): Word[] {
  const activation = docMarkdown(docOf(activationSchema));
  const activations = activationWords.map((name) => word(name, activation, CompletionItemKind.EnumMember));
  const first = before.trim().split(/\s+/)[0]!;
  if (first === '')
    return [
      ...Object.entries(layerWords).map(([name, doc]) => word(name, doc, CompletionItemKind.Function)),
      ...activations,
    ];
  if (first === 'global') return [word('pool', layerWords['global pool'], CompletionItemKind.Function)];
  if (!['conv', 'depthwise', 'dense'].includes(first)) return [];
  const norm = word('norm', 'Batch normalisation before the nonlinearity.', CompletionItemKind.Keyword);
  const valid = word(
    'valid',
    'No padding: the image becomes smaller by the kernel.',
    CompletionItemKind.Keyword,
  );
  return [norm, ...(first === 'dense' ? [] : [valid]), ...activations];
}

function word(text: string, documentation: string, kind: CompletionItemKind): Word {
  return [text, text, documentation, kind];
}
