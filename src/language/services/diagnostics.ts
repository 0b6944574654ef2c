import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver';
import { parseExperiment } from '../../experiment/parse';
import type { Problem, Severity } from '../../experiment/problems';
import { toRange } from './places';

/** Everything wrong with an experiment file. */
export function diagnose(text: string): Diagnostic[] {
  return parseExperiment(text).problems.map(toDiagnostic);
}

export function toDiagnostic(problem: Problem): Diagnostic {
  return {
    range: toRange(problem.range),
    severity: severities[problem.severity],
    code: problem.code,
    source: 'Distillery',
    message: problem.message,
  };
}

const severities: Record<Severity, DiagnosticSeverity> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
};
