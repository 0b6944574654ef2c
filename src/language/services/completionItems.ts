import {
  CompletionItemKind,
  InsertTextFormat,
  InsertTextMode,
  MarkupKind,
  type CompletionItem,
  type Range,
} from 'vscode-languageserver';
import { branches, keysAt, type KeyDescription, type ValueDescription } from '../../experiment/describe';
import { inlineExample, inlineKeyExample, keyExample } from '../../experiment/insert';
import type { ExperimentPath } from '../../experiment/problems';
import { docOf } from '../../experiment/schema/documented';
import { docMarkdown, itemMarkdown, keyMarkdown } from './markdown';

/** Where and how an item is written. */
export interface Writing {
  /** What the item replaces. */
  range: Range;
  /** What must stand before it: a space after a colon or dash, or nothing. */
  lead: string;
  /** Column of its first letter, from 0: the indentation of the map that it begins or belongs to. */
  column: number;
  inFlow: boolean;
  /** The key has its colon already, so only the name is replaced. */
  hasColon: boolean;
}

/** A key with a value to fill in. Required keys and kinds come first, then the order of the schema. */
export function keyItem(key: KeyDescription, index: number, writing: Writing): CompletionItem {
  const rank = key.required || key.kind ? 0 : 1;
  return {
    label: key.name,
    kind: key.kind ? CompletionItemKind.Class : CompletionItemKind.Property,
    ...(key.value.defaultText === undefined ? {} : { detail: `default ${key.value.defaultText}` }),
    ...(key.required ? { detail: 'required' } : {}),
    documentation: { kind: MarkupKind.Markdown, value: keyMarkdown(key) },
    sortText: `${rank}${String(index).padStart(3, '0')}`,
    insertTextFormat: InsertTextFormat.Snippet,
    insertTextMode: InsertTextMode.asIs,
    textEdit: { range: writing.range, newText: writing.lead + keySnippet(key, writing) },
  };
}

/** Words that may stand here, then an example of what else may. */
export function valueItems(
  path: ExperimentPath,
  value: ValueDescription,
  writing: Writing,
): CompletionItem[] {
  const words = value.choices.map(({ word, doc }, index) =>
    plainItem(
      word,
      CompletionItemKind.EnumMember,
      `0${String(index).padStart(3, '0')}`,
      docMarkdown(doc ?? value.doc),
      writing,
    ),
  );
  const documentation = itemMarkdown(value);
  const seen = new Set(value.choices.map(({ word }) => word));
  const bare =
    value.doc?.example ??
    (value.accepts.has('map') && seen.size === 0 ? inlineExample(value.schema) : undefined);
  const examples = [...kindExamples(path), bare, ...mapExamples(value), value.defaultText].flatMap(
    (text, index) => {
      if (text === undefined || seen.has(text)) return [];
      seen.add(text);
      const written = /^\w+: /.test(text) ? (writing.inFlow ? `{${text}}` : text) : text;
      const item = plainItem(
        written,
        CompletionItemKind.Value,
        `1${String(index).padStart(3, '0')}`,
        documentation,
        writing,
      );
      return [{ ...item, detail: text === value.defaultText ? 'default' : 'example' }];
    },
  );
  return [...words, ...examples];
}

/** `{sgd: {rate: 0.1}}`, `{adam: …}`: one example for each kind of map that may stand at `path`. */
function kindExamples(path: ExperimentPath): string[] {
  return keysAt(path)
    .filter((key) => key.kind)
    .map((key) => `{${key.name}: ${inlineExample(key.value.schema)}}`);
}

/** Of maps that may stand where a number or a word may, such as `{from: 20, to: 4, how: cosine}`. */
function mapExamples({ schema }: ValueDescription): (string | undefined)[] {
  const parts = branches(schema);
  return parts.length < 2
    ? []
    : parts.filter(({ def }) => def.type === 'object').map((map) => docOf(map)?.example);
}

function plainItem(
  text: string,
  kind: CompletionItemKind,
  sortText: string,
  documentation: string,
  { range, lead }: Writing,
): CompletionItem {
  return {
    label: text,
    kind,
    sortText,
    documentation: { kind: MarkupKind.Markdown, value: documentation },
    textEdit: { range, newText: lead + text },
  };
}

function keySnippet(key: KeyDescription, { column, inFlow, hasColon }: Writing): string {
  if (hasColon) return key.name;
  const { choices, schema } = key.value;
  const onlyWords = branches(schema).every((branch) =>
    ['enum', 'literal', 'boolean'].includes(branch.def.type),
  );
  if (onlyWords && choices.length > 1)
    return `${key.name}: \${1|${choices.map(({ word }) => word).join(',')}|}`;
  if (inFlow) return `${key.name}: ${hole(inlineKeyExample(key))}`;
  const written = keyExample(key, column + 2);
  if (!written.startsWith('\n')) return `${key.name}: ${hole(written.trim())}`;
  return `${key.name}:${escape(written)}$0`;
}

/** A place of a snippet that is selected, to be typed over. */
function hole(text: string): string {
  return text === '' ? '$1' : `\${1:${escape(text)}}`;
}

function escape(text: string): string {
  return text.replaceAll(/[\\$}]/g, '\\$&');
}
