import type * as z from 'zod';
import type { ExperimentPath } from './problems';
import { docOf, unwrap, type KeyDoc } from './schema/documented';
import { experimentSchema } from './schema/experiment';

/** A key that may stand in a map, as the schema has it. Completion, hover and messages all read this. */
export interface KeyDescription {
  name: string;
  doc: KeyDoc | undefined;
  required: boolean;
  /** The map has exactly one of such keys; it names the kind of the map. */
  kind: boolean;
  value: ValueDescription;
}

/** A value that may stand somewhere, as the schema has it. */
export interface ValueDescription {
  schema: z.ZodType;
  doc: KeyDoc | undefined;
  /** Words that may be written, in the order of the schema. */
  choices: { word: string; doc: KeyDoc | undefined }[];
  /** The default in YAML; undefined when there is none. */
  defaultText: string | undefined;
  /** What is allowed, to follow "must be": `a whole number from 1 to 64`. */
  phrase: string;
  accepts: ReadonlySet<ValueKind>;
}

export type ValueKind = 'map' | 'list' | 'text' | 'number' | 'boolean';

/** The keys that may stand in the map at `path`; none when no map may stand there. */
export function keysAt(path: ExperimentPath): KeyDescription[] {
  const schema = schemaAt(path);
  return schema ? keysOf(schema) : [];
}

/** What may stand at `path`; undefined when the language has no such path. */
export function valueAt(path: ExperimentPath): ValueDescription | undefined {
  const schema = schemaAt(path);
  return schema && describe(schema);
}

/** What a map at `path` is called in sentences, when exactly one key says of which kind it is: `model`, `loss`. */
export function kindName(path: ExperimentPath): string | undefined {
  const schema = schemaAt(path);
  for (const branch of schema ? branches(schema) : [])
    if (branch.meta()?.['what']) return branch.meta()!['what'] as string;
  return undefined;
}

/** The key of `path` with its documentation; undefined for a list item or an unknown key. */
export function keyAt(path: ExperimentPath): KeyDescription | undefined {
  const name = path.at(-1);
  return typeof name === 'string' ? keysAt(path.slice(0, -1)).find((key) => key.name === name) : undefined;
}

/** The schema of a path, with optional and default peeled off at every step but the last. */
export function schemaAt(path: ExperimentPath): z.ZodType | undefined {
  let schema: z.ZodType | undefined = experimentSchema;
  for (const step of path) {
    if (!schema) return undefined;
    schema = branches(schema)
      .map((branch) => child(branch, step))
      .find((found) => found !== undefined);
  }
  return schema;
}

/** The alternatives of a schema, innermost, none of them a union. */
export function branches(schema: z.ZodType): z.ZodType[] {
  const inner = peeled(schema);
  return inner.def.type === 'union' ? defOf(inner).options!.flatMap(branches) : [inner];
}

export function keysOf(schema: z.ZodType): KeyDescription[] {
  return branches(schema).flatMap((branch) => {
    if (branch.def.type !== 'object') return [];
    const kinds = new Set((branch.meta()?.['exactlyOneOf'] as string[] | undefined) ?? []);
    return Object.entries(defOf(branch).shape!).map(([name, value]) => ({
      name,
      doc: docOf(value),
      required: !['optional', 'default', 'prefault'].includes(value.def.type),
      kind: kinds.has(name),
      value: describe(value),
    }));
  });
}

export function describe(schema: z.ZodType): ValueDescription {
  const parts = branches(schema);
  return {
    schema,
    doc: docOf(schema),
    choices: parts
      .flatMap(choicesOf)
      .map((choice) => ({ ...choice, doc: kindDoc(parts, choice.word) ?? choice.doc })),
    defaultText: defaultText(schema),
    phrase: either(parts.flatMap(phrasesOf)),
    accepts: new Set(parts.flatMap(kindsOf)),
  };
}

/** What is allowed but for maps, for sentences about a number that is out of bounds. */
export function phraseWithoutMaps(schema: z.ZodType): string {
  return either(
    branches(schema)
      .filter((branch) => branch.def.type !== 'object')
      .flatMap(phrasesOf),
  );
}

/** `a, b or c`. */
export function either(words: readonly string[], last = 'or'): string {
  const unique = [...new Set(words)];
  return unique.length < 2
    ? (unique[0] ?? '')
    : `${unique.slice(0, -1).join(', ')} ${last} ${unique.at(-1)!}`;
}

interface Definition {
  options?: z.ZodType[];
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  items?: z.ZodType[];
  values?: unknown[];
  entries?: Record<string, string>;
  defaultValue?: unknown;
  format?: string;
  checks?: { _zod: { def: { check: string; value?: number; inclusive?: boolean } } }[];
}

function defOf(schema: z.ZodType): Definition {
  return schema.def;
}

function peeled(schema: z.ZodType): z.ZodType {
  const inner = unwrap(schema);
  return inner === schema ? schema : peeled(inner);
}

function child(branch: z.ZodType, step: string | number): z.ZodType | undefined {
  const { shape, element, items } = defOf(branch);
  if (typeof step === 'number') return element ?? items?.[step];
  return shape && Object.hasOwn(shape, step) ? shape[step] : undefined;
}

function choicesOf(branch: z.ZodType): { word: string; doc: KeyDoc | undefined }[] {
  const { values, entries } = defOf(branch);
  if (branch.def.type === 'boolean') return ['true', 'false'].map((word) => ({ word, doc: undefined }));
  if (values) return values.map((value) => ({ word: String(value), doc: docOf(branch) }));
  return Object.values(entries ?? {}).map((word) => ({ word, doc: docOf(branch) }));
}

/** `linear` as a word means what `linear:` as a key means. */
function kindDoc(parts: z.ZodType[], word: string): KeyDoc | undefined {
  const schema = parts.map((part) => child(part, word)).find((found) => found !== undefined);
  return schema && docOf(schema);
}

function kindsOf(branch: z.ZodType): ValueKind[] {
  switch (branch.def.type) {
    case 'object':
      return ['map'];
    case 'array':
    case 'tuple':
      return ['list'];
    case 'string':
    case 'enum':
      return ['text'];
    case 'boolean':
      return ['boolean'];
    case 'literal':
      return [typeof defOf(branch).values?.[0] === 'number' ? 'number' : 'text'];
    default:
      return ['number'];
  }
}

/** Defaults are shown as they would be written; those of maps as what the map becomes, such as `{adam: {}}`. */
function defaultText(schema: z.ZodType): string | undefined {
  if (!['default', 'prefault'].includes(schema.def.type)) return undefined;
  return inlineYaml(defOf(schema).defaultValue);
}

function inlineYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inlineYaml).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}: ${inlineYaml(inner)}`)
      .join(', ')}}`;
  return String(value);
}

/** What a branch allows; several words where it is a choice. */
function phrasesOf(branch: z.ZodType): string[] {
  const words = choicesOf(branch).map(({ word }) => word);
  return words.length > 0 ? words : [phraseOf(branch)];
}

function phraseOf(branch: z.ZodType): string {
  const { items } = defOf(branch);
  const example = docOf(branch)?.example;
  const such = example && /^[[{]/.test(example) ? `, such as ${example}` : '';
  switch (branch.def.type) {
    case 'object':
      return mapPhrase(branch, such);
    case 'array':
      return `a list${such}`;
    case 'tuple':
      return `a list of ${items!.length} numbers`;
    case 'string':
      return 'text';
    default:
      return numberPhrase(branch);
  }
}

function mapPhrase(branch: z.ZodType, such: string): string {
  const names = Object.keys(defOf(branch).shape!);
  if (such || names.length === 0) return `a map${such || ' without keys, {}'}`;
  const kinds = branch.meta()?.['exactlyOneOf'] as string[] | undefined;
  return kinds
    ? `a map with one of ${either(kinds)}`
    : `a map with the ${names.length === 1 ? 'key' : 'keys'} ${either(names, 'and')}`;
}

function numberPhrase(branch: z.ZodType): string {
  const noun = defOf(branch).format === 'safeint' ? 'a whole number' : 'a number';
  const bounds = (defOf(branch).checks ?? []).map((check) => check._zod.def);
  const low = bounds.find(({ check }) => check === 'greater_than');
  const high = bounds.find(({ check }) => check === 'less_than');
  const show = (value: number | undefined): string => (value ?? 0).toLocaleString('en-US');
  if (low?.inclusive && high?.inclusive) return `${noun} from ${show(low.value)} to ${show(high.value)}`;
  const limits = [
    low && `${low.inclusive ? 'of at least' : 'above'} ${show(low.value)}`,
    high && `${high.inclusive ? 'at most' : 'below'} ${show(high.value)}`,
  ].filter((limit) => limit !== undefined);
  return [noun, limits.join(' and ')].filter(Boolean).join(' ');
}
