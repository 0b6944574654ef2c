import { CodeActionKind, type CodeAction, type Range, type TextEdit } from 'vscode-languageserver';
import { addCompare } from '../../experiment/claims';
import { Findings } from '../../experiment/findings';
import { parseExperiment } from '../../experiment/parse';
import type { Fix, Problem } from '../../experiment/problems';
import { toDiagnostic } from './diagnostics';
import { toRange } from './places';

/** The fixes of the problems that touch `range`, and what can be added to an experiment that has no problem. */
export function codeActions(text: string, uri: string, range: Range): CodeAction[] {
  const { problems, source, experiment } = parseExperiment(text);
  const touched = problems.filter((problem) => overlaps(toRange(problem.range), range));
  const actions = touched.flatMap((problem) => problem.fixes.map((fix) => quickFix(problem, fix, uri)));
  if (experiment?.compare.length !== 0) return actions;
  return [
    ...actions,
    ...addCompare(new Findings(source)).map((fix) => ({
      title: `${fix.title}, to see what the teacher was worth`,
      kind: CodeActionKind.RefactorRewrite,
      edit: { changes: { [uri]: [toEdit(fix)] } },
    })),
  ];
}

function quickFix(problem: Problem, fix: Fix, uri: string): CodeAction {
  return {
    title: fix.title,
    kind: CodeActionKind.QuickFix,
    diagnostics: [toDiagnostic(problem)],
    isPreferred: problem.fixes.length === 1,
    edit: { changes: { [uri]: [toEdit(fix)] } },
  };
}

function toEdit(fix: Fix): TextEdit {
  return { range: toRange(fix.range), newText: fix.newText };
}

function overlaps(a: Range, b: Range): boolean {
  const before = (x: Range['start'], y: Range['start']): boolean =>
    x.line < y.line || (x.line === y.line && x.character < y.character);
  return !before(a.end, b.start) && !before(b.end, a.start);
}
