import { DiagnosticSeverity } from 'vscode-languageserver';
import { expect, test } from 'vitest';
import { minimalExperiment } from '../../src/experiment/minimal';
import { diagnose } from '../../src/language/services/diagnostics';
import { textIn } from './caret';

test('an experiment that is right has no diagnostics', () => {
  expect(diagnose(minimalExperiment)).toEqual([]);
});

test('a diagnostic counts from 0, and carries the code and the message', () => {
  const text = minimalExperiment.replace('temperature', 'temprature');
  expect(diagnose(text)).toEqual([
    {
      range: { start: { line: 17, character: 11 }, end: { line: 17, character: 21 } },
      severity: DiagnosticSeverity.Error,
      code: 'key.unknown',
      source: 'Distillery',
      message: '"temprature" is not a key of kd: did you mean temperature?',
    },
  ]);
});

test('errors, warnings and information are told apart', () => {
  const text = minimalExperiment
    .replace('{mlp: [32]}', '{mlp: [500, 500]}')
    .replace('    epochs: 4', '    epochs: 4\n    label_smoothing: 0.1')
    .replace('student.errors', 'student.erors');
  expect(diagnose(text).map(({ severity, code, range }) => [severity, code, textIn(text, range)])).toEqual([
    [DiagnosticSeverity.Information, 'teacher.smoothing', '0.1'],
    [DiagnosticSeverity.Warning, 'student.large', 'model'],
    [DiagnosticSeverity.Error, 'expect.unreadable', 'erors'],
  ]);
});

test('a layer that cannot be trained is refused at its key', () => {
  const text = minimalExperiment.replace('{mlp: [32]}', '{layers: [{norm: {scale: false}}]}');
  const diagnostics = diagnose(text);
  expect(diagnostics.map(({ severity, code, range }) => [severity, code, textIn(text, range)])).toEqual([
    [DiagnosticSeverity.Error, 'model.layer.untrainable', 'scale'],
  ]);
  expect(diagnostics[0]!.message).toMatch(/cannot be trained: .* crashes .* Leave it out/);
});

test('columns count UTF-16 units, as editors do', () => {
  const text = minimalExperiment.replace('name: My experiment', 'name: {🎓🎓: 1}');
  expect(diagnose(text).map(({ range }) => textIn(text, range))).toEqual(['{🎓🎓: 1}']);
});
