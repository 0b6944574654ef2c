import { isScalar } from 'yaml';
import { keysAt } from './describe';
import { insertKey } from './insert';
import { nearest } from './nearest';
import type { ExperimentPath, Fix, Problem, Severity, SourceRange } from './problems';
import type { EntryPart, SourceMap } from './sourceMap';

/** Something wrong inside a text value: where in it, and which words may have been meant. */
export interface TextMistake {
  message: string;
  start: number;
  end: number;
  candidates: readonly string[];
}

/** Collects what the rules find, and makes the fixes that several of them offer. */
export class Findings {
  readonly problems: Problem[] = [];

  constructor(readonly source: SourceMap) {}

  add(
    severity: Severity,
    code: string,
    path: ExperimentPath,
    message: string,
    { part, fixes = [] }: { part?: EntryPart; fixes?: Fix[] } = {},
  ): void {
    this.problems.push({ severity, code, message, path, range: this.range(path, part), fixes });
  }

  /** A mistake inside the text at `path`, underlined exactly where it is. */
  addInText(code: string, path: ExperimentPath, text: string, mistake: TextMistake): void {
    const range = this.rangeInText(path, text, mistake.start, mistake.end);
    const near = nearest(text.slice(mistake.start, mistake.end), mistake.candidates);
    const fixes =
      near === undefined || !range.exact
        ? []
        : [{ title: `Change to ${near}`, range: range.range, newText: near }];
    const message = near === undefined ? mistake.message : `${mistake.message} Did you mean ${near}?`;
    this.problems.push({ severity: 'error', code, message, path, range: range.range, fixes });
  }

  /** Replaces the value at `path`, which stands in the text. */
  replace(path: ExperimentPath, newText: string): Fix {
    return { title: `Change to ${newText}`, range: this.range(path), newText };
  }

  /** Gives `key` of the map at `path` a value, whether it stands there or not. */
  setValue(path: ExperimentPath, key: string, value: string): Fix | undefined {
    const described = keysAt(path).find(({ name }) => name === key);
    if (this.source.nodeAt([...path, key]) !== undefined)
      return { ...this.replace([...path, key], value), title: `Change ${key} to ${value}` };
    const fix = described && insertKey(this.source, path, described, value);
    return fix && { ...fix, title: `Add ${key}: ${value}` };
  }

  range(path: ExperimentPath, part?: EntryPart): SourceRange {
    return this.source.rangeOf(path, part) ?? this.source.range(0, 0);
  }

  /** Offsets in a text value are offsets in the file when the text is written without escapes and on one line. */
  private rangeInText(
    path: ExperimentPath,
    text: string,
    start: number,
    end: number,
  ): { range: SourceRange; exact: boolean } {
    const node = this.source.nodeAt(path);
    const whole = this.range(path);
    if (!isScalar(node) || !node.range) return { range: whole, exact: false };
    const first = node.range[0] + (node.type === 'PLAIN' ? 0 : 1);
    if (this.source.text.slice(first, first + text.length) !== text) return { range: whole, exact: false };
    return { range: this.source.range(first + start, first + Math.max(end, start + 1)), exact: true };
  }
}
