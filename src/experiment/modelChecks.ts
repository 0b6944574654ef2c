import { ArchitectureError, planArchitecture } from './architecture';
import type { Findings } from './findings';
import { LayerNotationError, parseLayer } from './layerNotation';
import type { ExperimentPath } from './problems';
import { resolveModel } from './resolve';
import type { ExperimentInput } from './schema/experiment';
import type { ModelInput } from './schema/models';
import type { KnownData } from './semantics';

/** Checks that both models can be read and built for the data, and that the student is the smaller one. */
export function checkModels(
  { teacher, student }: ExperimentInput,
  data: KnownData | undefined,
  findings: Findings,
): void {
  const large = checkModel(teacher.model, ['teacher', 'model'], data, findings);
  const small = checkModel(student.model, ['student', 'model'], data, findings);
  if (large === undefined || small === undefined || small < large) return;
  const than =
    small === large
      ? `as many parameters as the teacher (${count(small)})`
      : `more parameters (${count(small)}) than the teacher (${count(large)})`;
  findings.add(
    'warning',
    'student.large',
    ['student', 'model'],
    `The student has ${than}, so nothing becomes smaller by distilling into it.`,
    { part: 'key' },
  );
}

/** The number of parameters, when the model is right and the data is known. */
function checkModel(
  model: ModelInput,
  path: ExperimentPath,
  data: KnownData | undefined,
  findings: Findings,
): number | undefined {
  checkOptions(model, path, findings);
  if (!checkNotation(model, path, findings) || !data) return undefined;
  try {
    return planArchitecture(resolveModel(model).layers, data.image, data.classes).parameters;
  } catch (error) {
    if (!(error instanceof ArchitectureError)) throw error;
    findings.add('error', 'model.shape', layerPath(model, path, error.layer), error.message);
    return undefined;
  }
}

/** `dropout` and `activation` beside a list of layers would have no layer to belong to. */
function checkOptions(model: ModelInput, path: ExperimentPath, findings: Findings): void {
  if (model.dropout !== undefined && !model.mlp) {
    const instead = model.cnn ? '"dropout 0.5" in the list' : '"dropout: 0.5" as a layer of its own';
    findings.add(
      'error',
      'model.dropout',
      [...path, 'dropout'],
      `dropout beside the list is for mlp only: write ${instead}, where it should act.`,
      { part: 'key' },
    );
  }
  if (model.activation !== undefined && model.layers)
    findings.add(
      'error',
      'model.activation',
      [...path, 'activation'],
      'activation beside layers does nothing: give it to the layers themselves.',
      { part: 'key' },
    );
}

function checkNotation({ cnn, activation }: ModelInput, path: ExperimentPath, findings: Findings): boolean {
  let readable = true;
  cnn?.forEach((text, index) => {
    try {
      parseLayer(text, activation);
    } catch (error) {
      if (!(error instanceof LayerNotationError)) throw error;
      findings.addInText(error.code, [...path, 'cnn', index], text, error);
      readable = false;
    }
  });
  return readable;
}

/** One entry of the `cnn` notation can stand for several layers. */
function layerPath(model: ModelInput, path: ExperimentPath, layer: number): ExperimentPath {
  if (model.layers) return [...path, 'layers', layer];
  let after = 0;
  const index = (model.cnn ?? []).findIndex(
    (text) => (after += parseLayer(text, model.activation).length) > layer,
  );
  return index < 0 ? path : [...path, 'cnn', index];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
