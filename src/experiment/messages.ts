import type * as z from 'zod';
import { dataAt } from './dataAt';
import {
  either,
  keyAt,
  keysAt,
  kindName,
  phraseWithoutMaps,
  valueAt,
  type KeyDescription,
  type ValueDescription,
} from './describe';
import { insertKey } from './insert';
import { nearest } from './nearest';
import type { ExperimentPath, Fix, Problem } from './problems';
import { removeKey } from './remove';
import type { EntryPart, SourceMap } from './sourceMap';
import { refusalOf } from './untrainable';

type Issue = z.core.$ZodIssue;

/** Turns what the schema found into sentences, each at its place in the text and with the fixes that can be offered. */
export function translateIssues(issues: readonly Issue[], data: unknown, source: SourceMap): Problem[] {
  return new Translator(data, source).translate(issues, []);
}

class Translator {
  constructor(
    private readonly data: unknown,
    private readonly source: SourceMap,
  ) {}

  translate(issues: readonly Issue[], base: ExperimentPath): Problem[] {
    const unknownKeyAt = new Set(
      issues.filter((i) => i.code === 'unrecognized_keys').map((i) => pathText(i.path)),
    );
    return issues.flatMap((issue) => {
      // A misspelt kind is one mistake, not an unknown key and a missing kind.
      if (kindProblem(issue) === 'choice.missing' && unknownKeyAt.has(pathText(issue.path))) return [];
      return this.translateOne(issue, [...base, ...(issue.path as (string | number)[])]);
    });
  }

  private translateOne(issue: Issue, path: ExperimentPath): Problem[] {
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => this.unknownKey(path, key));
      case 'custom':
        return [this.kind(issue, path)];
      case 'invalid_union':
        return this.union(issue, path);
      case 'too_small':
      case 'too_big':
        return [this.value(path, 'value.range')];
      case 'invalid_value':
        return [this.choice(path)];
      default:
        return [this.value(path, 'value.type')];
    }
  }

  /** The branch that fits the kind of the value speaks; when none fits, what any of them would take is said. */
  private union(issue: Extract<Issue, { code: 'invalid_union' }>, path: ExperimentPath): Problem[] {
    const fitting = issue.errors.find(
      (errors) => !errors.some((e) => e.path.length === 0 && isKindMismatch(e)),
    );
    if (fitting && this.at(path) !== undefined) return this.translate(fitting, path);
    return [this.choice(path)];
  }

  private unknownKey(path: ExperimentPath, key: string): Problem {
    const refusal = refusalOf(path, key, this.at([...path, key]));
    if (refusal) {
      const removal = refusal.removable ? removeKey(this.source, path, key) : undefined;
      return this.problem(refusal.code, refusal.message, [...path, key], 'key', removal ? [removal] : []);
    }
    const allowed = keysAt(path);
    const present = this.keysPresent(path);
    const candidates = allowed.map(({ name }) => name).filter((name) => !present.includes(name));
    const near = nearest(key, candidates);
    const kind = kindName(path);
    const fixes: Fix[] = [];
    const range = this.range([...path, key], 'key');
    let hint: string;
    if (near !== undefined) {
      hint = `did you mean ${near}?`;
      fixes.push({ title: `Change to ${near}`, range, newText: near });
    } else {
      const home = homeOf(path, key);
      if (home !== undefined) hint = `it belongs inside ${home}.`;
      else if (allowed.length === 0) hint = 'nothing can be set here.';
      else
        hint = `what can stand here is ${either(
          allowed.map(({ name }) => name),
          'and',
        )}.`;
    }
    const where = path.length === 0 ? 'an experiment' : kind !== undefined ? `a ${kind}` : label(path);
    return this.problem(
      'key.unknown',
      `${quoted(key)} is not a key of ${where}: ${hint}`,
      [...path, key],
      'key',
      fixes,
    );
  }

  private kind(issue: Issue, path: ExperimentPath): Problem {
    const code = kindProblem(issue) ?? 'value.type';
    const present = this.keysPresent(path);
    const kinds = keysAt(path).filter((key) => key.kind);
    if (code === 'choice.several') {
      const second = kinds.filter(({ name }) => present.includes(name))[1];
      return this.problem(code, issue.message, second ? [...path, second.name] : path, 'key');
    }
    const fixes = kinds.map((key) => insertKey(this.source, path, key)).filter((fix) => fix !== undefined);
    return this.problem(code, issue.message, path, 'key', fixes);
  }

  /** A word that is none of those allowed, or a value of another kind where a word may stand. */
  private choice(path: ExperimentPath): Problem {
    const value = this.at(path);
    if (value === undefined) return this.missing(path);
    const wanted = valueAt(path);
    if (path.length === 1 && path[0] === 'version' && typeof value === 'number')
      return this.value(
        path,
        'version.unknown',
        `This file is written in version ${value} of the experiment language, and only version 1 is known here.`,
      );
    const words = wanted?.choices.map(({ word }) => word) ?? [];
    if (typeof value !== 'string' || words.length === 0) return this.value(path, 'value.type');
    const near = nearest(value, words);
    if (near === undefined) return this.value(path, 'value.choice');
    const fix = { title: `Change to ${near}`, range: this.range(path, 'value'), newText: near };
    const message = `${capital(label(path))} cannot be ${quoted(value)}: did you mean ${near}?${words.length > 1 ? ` It must be ${wanted!.phrase}.` : ''}`;
    return this.problem('value.choice', message, path, 'value', [fix]);
  }

  private value(path: ExperimentPath, code: string, message?: string): Problem {
    const value = this.at(path);
    if (value === undefined) return this.missing(path);
    const wanted = valueAt(path);
    if (value === null) return this.noValue(path, wanted);
    if (path.length === 0)
      return this.problem(
        'value.type',
        `An experiment consists of keys such as "version: 1" and "data:", but this file holds ${shown(value)}.`,
        path,
        'value',
      );
    const sentence =
      message ?? `${capital(label(path))} must be ${phraseFor(wanted, value)}, not ${shown(value)}.`;
    return this.problem(code, sentence, path, 'value', wanted ? this.valueFixes(path, value, wanted) : []);
  }

  /** Slips that can be cured without guessing: quotes around a number, a number where text is meant, a bare kind. */
  private valueFixes(path: ExperimentPath, value: unknown, wanted: ValueDescription): Fix[] {
    const range = this.range(path, 'value');
    if (typeof value === 'number' && wanted.accepts.has('text') && !wanted.accepts.has('number'))
      return [
        {
          title: 'Write it in quotes',
          range,
          newText: `"${this.source.text.slice(range.start.offset, range.end.offset)}"`,
        },
      ];
    if (typeof value !== 'string') return [];
    const number = value.replaceAll(/[_\s]/g, '');
    if (wanted.accepts.has('number') && number !== '' && Number.isFinite(Number(number)))
      return [{ title: `Change to ${number}`, range, newText: number }];
    const kind = keysAt(path).find((key) => key.kind && key.name === nearest(value, [key.name]));
    if (!kind) return [];
    const written = `{${kind.name}: ${kind.doc?.example ?? '{}'}}`;
    return [{ title: `Change to ${written}`, range, newText: written }];
  }

  private noValue(path: ExperimentPath, wanted: ValueDescription | undefined): Problem {
    const key = this.range(path, 'key');
    const example = wanted?.doc?.example ?? wanted?.choices[0]?.word;
    const colon = this.source.text.indexOf(':', key.end.offset);
    const fixes: Fix[] = [];
    if (typeof path.at(-1) === 'string' && example !== undefined && colon === key.end.offset)
      fixes.push({
        title: `Write ${example}`,
        range: this.source.range(colon + 1, colon + 1),
        newText: ` ${example}`,
      });
    const such = example === undefined ? '' : `, such as ${example}`;
    return this.problem(
      'value.missing',
      `${capital(label(path))} has no value: give it ${giveable(wanted, such)}.`,
      path,
      'key',
      fixes,
    );
  }

  private missing(path: ExperimentPath): Problem {
    const parent = path.slice(0, -1);
    const key = keyAt(path);
    if (!key)
      return this.problem(
        'value.missing',
        `${capital(label(parent))} must be ${valueAt(parent)?.phrase ?? 'complete'}.`,
        parent,
        'value',
      );
    const fix = insertKey(this.source, parent, key);
    const summary = key.doc ? ` ${key.doc.summary}` : '';
    const where = parent.length === 0 ? 'The experiment' : capital(label(parent));
    return this.problem(
      'key.missing',
      `${where} has no ${key.name}.${summary}`,
      path,
      'key',
      fix ? [fix] : [],
    );
  }

  private at(path: ExperimentPath): unknown {
    return dataAt(this.data, path);
  }

  private keysPresent(path: ExperimentPath): string[] {
    const map = this.at(path);
    return map !== null && typeof map === 'object' ? Object.keys(map) : [];
  }

  private range(path: ExperimentPath, part: EntryPart) {
    return this.source.rangeOf(path, part) ?? this.source.range(0, 0);
  }

  private problem(
    code: string,
    message: string,
    path: ExperimentPath,
    part: EntryPart,
    fixes: Fix[] = [],
  ): Problem {
    return { severity: 'error', code, message, path, range: this.range(path, part), fixes };
  }
}

/** How a path is called in a sentence: the last key, and for an item of a list its number. */
export function label(path: ExperimentPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last === 'string') return last;
  return `item ${last + 1} of ${label(path.slice(0, -1))}`;
}

function kindProblem(issue: Issue): string | undefined {
  return issue.code === 'custom' ? (issue.params?.['distillery'] as string | undefined) : undefined;
}

function isKindMismatch(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';
}

/** Where a key belongs that stands one or two maps too high, such as `rate` beside `optimizer`. */
function homeOf(path: ExperimentPath, key: string): string | undefined {
  const has = (keys: KeyDescription[]): boolean => keys.some(({ name }) => name === key);
  for (const outer of keysAt(path)) {
    const inner = keysAt([...path, outer.name]);
    const example = outer.doc?.example;
    const home = example?.startsWith('{') ? `${outer.name}: ${example}` : outer.name;
    if (has(inner) || inner.some((middle) => has(keysAt([...path, outer.name, middle.name])))) return home;
  }
  return undefined;
}

/** Lists and texts that are of the right kind are wrong in their length, which the phrase of their kind does not tell. */
function phraseFor(wanted: ValueDescription | undefined, value: unknown): string {
  if (!wanted) return 'something else';
  if (value === '') return 'more than empty text';
  if (Array.isArray(value) && wanted.accepts.has('list'))
    return value.length === 0
      ? 'a list with at least one item'
      : wanted.phrase.includes('a list of ')
        ? wanted.phrase
        : 'a shorter list';
  if (typeof value === 'string' && wanted.phrase === 'text') return 'shorter';
  if (typeof value === 'number' && wanted.accepts.has('number')) return phraseWithoutMaps(wanted.schema);
  return wanted.phrase;
}

function giveable(wanted: ValueDescription | undefined, such: string): string {
  if (!wanted) return 'one';
  return wanted.phrase.includes('such as') || wanted.choices.length > 0
    ? wanted.phrase
    : `${wanted.phrase}${such}`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'empty' : `the text ${quoted(value)}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (value !== null && typeof value === 'object') return 'a map';
  return String(value);
}

function quoted(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 39)}…` : text}"`;
}

/** A sentence begins with a capital, but a key is written as it must be written. */
function capital(subject: string): string {
  return /^(item|the) /.test(subject) ? subject.charAt(0).toUpperCase() + subject.slice(1) : subject;
}

function pathText(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String));
}
