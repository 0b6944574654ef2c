import { elementwiseOperations } from './elementwise';
import { imageOperations } from './images';
import { matrixOperations } from './matrices';
import type { Operation } from './operation';
import { shapeOperations } from './shapes';

/** Everything that layers, criteria and optimisers compute with. */
export const operations: Operation[] = [
  ...elementwiseOperations,
  ...matrixOperations,
  ...imageOperations,
  ...shapeOperations,
];
