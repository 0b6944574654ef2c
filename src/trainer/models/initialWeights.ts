import type { LayerPlan } from '../../experiment/architecture';
import type { Activation } from '../../experiment/schema/models';
import type { Random } from '../random';

/**
 * The first weights of a layer, by name: He normal (arXiv:1502.01852) before ReLU and its relatives, Glorot uniform
 * (Glorot & Bengio 2010) before everything else and for the logits, biases 0; a normalisation that changes nothing yet.
 */
export function initialWeights(plan: LayerPlan, random: Random): [name: string, values: Float32Array][] {
  const { name, spec, inputShape } = plan;
  const channels = inputShape[inputShape.length - 1]!;
  switch (spec.kind) {
    case 'dense': {
      const kernel = drawn(channels * spec.units, channels, spec.units, spec.activation, random);
      return [
        [`${name}/kernel`, kernel],
        [`${name}/bias`, new Float32Array(spec.units)],
      ];
    }
    case 'conv': {
      const window = spec.kernel * spec.kernel;
      const [fanIn, fanOut] = [window * channels, window * spec.filters];
      return [
        [`${name}/kernel`, drawn(fanIn * spec.filters, fanIn, fanOut, spec.activation, random)],
        [`${name}/bias`, new Float32Array(spec.filters)],
      ];
    }
    case 'depthwise_conv': {
      // Every output sees one channel, and every input goes into one.
      const window = spec.kernel * spec.kernel;
      return [
        [`${name}/depthwise_kernel`, drawn(window * channels, window, window, spec.activation, random)],
        [`${name}/bias`, new Float32Array(channels)],
      ];
    }
    case 'norm':
      return [
        [`${name}/gamma`, new Float32Array(channels).fill(1)],
        [`${name}/beta`, new Float32Array(channels)],
        [`${name}/moving_mean`, new Float32Array(channels)],
        [`${name}/moving_variance`, new Float32Array(channels).fill(1)],
      ];
    default:
      return [];
  }
}

const reluLike: ReadonlySet<Activation> = new Set(['relu', 'leaky_relu', 'elu', 'gelu']);

function drawn(
  size: number,
  fanIn: number,
  fanOut: number,
  activation: Activation,
  random: Random,
): Float32Array {
  if (reluLike.has(activation)) {
    const deviation = Math.sqrt(2 / fanIn);
    return Float32Array.from({ length: size }, () => deviation * random.normal());
  }
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return Float32Array.from({ length: size }, () => limit * (2 * random.uniform() - 1));
}
