import {
  ArchitectureError,
  planArchitecture,
  type Architecture,
  type Shape,
} from '../../experiment/architecture';
import { fillEmptyMaps } from '../../experiment/emptyMaps';
import { LayerNotationError } from '../../experiment/layerNotation';
import { resolveModel } from '../../experiment/resolve';
import { modelSchema } from '../../experiment/schema/models';
import { mnist } from '../../experiment/semantics';

/** The layers of a model with their shapes and costs as a Markdown table; undefined when it cannot be built. */
export function modelMarkdown(data: unknown): string | undefined {
  const plan = planned(data);
  if (!plan) return undefined;
  const rows = plan.layers.map(
    ({ name, outputShape, parameters }) =>
      `| ${name} | ${shapeText(outputShape)} | ${parameters === 0 ? '' : count(parameters)} |`,
  );
  return [
    `**${count(plan.parameters)} parameters**, ${count(plan.multiplyAdds)} multiply-adds for a 28×28 image and 10 classes`,
    ['| layer | output | parameters |', '| :-- | --: | --: |', ...rows].join('\n'),
  ].join('\n\n');
}

function planned(data: unknown): Architecture | undefined {
  const model = modelSchema.safeParse(fillEmptyMaps(data, modelSchema));
  if (!model.success) return undefined;
  try {
    return planArchitecture(resolveModel(model.data).layers, mnist.image, mnist.classes);
  } catch (error) {
    if (error instanceof ArchitectureError || error instanceof LayerNotationError) return undefined;
    throw error;
  }
}

function shapeText(shape: Shape): string {
  return shape.join('×');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
