import { parseExpectation, parseRequirement } from './expectations';
import { parseLayer } from './layerNotation';
import type {
  LayerSpec,
  ResolvedExperiment,
  ResolvedLoss,
  ResolvedModel,
  ResolvedOptimizer,
  ResolvedSchedule,
  ResolvedStage,
  ResolvedTraining,
  Scheduled,
} from './resolved';
import type { ExperimentInput, TrainingInput } from './schema/experiment';
import type { LossInput } from './schema/losses';
import type { LayerInput, ModelInput } from './schema/models';
import type { ScheduledInput } from './schema/scheduled';
import type { OptimizerInput, ScheduleInput } from './schema/training';

/**
 * Expands what the schema has validated into the one form that the trainer runs: shorthands written out, a single stage
 * made a list, notation read.
 *
 * @param fileName gives the experiment its name when it has none.
 * @throws {LayerNotationError | ExpectationError} for text inside a value that the schema cannot check.
 */
export function resolveExperiment(input: ExperimentInput, fileName = 'experiment'): ResolvedExperiment {
  const { label_smoothing: labelSmoothing, ...train } = input.teacher.train;
  return {
    version: 1,
    name: input.name ?? nameOf(fileName),
    ...(input.cite === undefined ? {} : { cite: input.cite }),
    seeds: input.seeds,
    data: {
      source:
        input.data.source === 'mnist' ? { kind: 'mnist' } : { kind: 'idx', directory: input.data.source.idx },
      validation: input.data.validation,
      transfer: input.data.transfer,
      exclude: [...new Set(input.data.exclude)].sort((a, b) => a - b),
    },
    teacher: {
      model: resolveModel(input.teacher.model),
      train: { ...resolveTraining(train), labelSmoothing: resolveScheduled(labelSmoothing) },
      ...(input.teacher.require === undefined ? {} : { require: parseRequirement(input.teacher.require) }),
      cache: input.teacher.cache,
    },
    student: { model: resolveModel(input.student.model) },
    distill: (Array.isArray(input.distill) ? input.distill : [{ name: 'distill', ...input.distill }]).map(
      resolveStage,
    ),
    compare: [...new Set(input.compare)],
    expect: input.expect.map(parseExpectation),
  };
}

/** The layers of a model, without the layer of logits. @throws {LayerNotationError} */
export function resolveModel(model: ModelInput): ResolvedModel {
  if (model.mlp) return { layers: mlpLayers(model.mlp, model) };
  if (model.cnn) return { layers: model.cnn.flatMap((text) => parseLayer(text, model.activation)) };
  return { layers: (model.layers ?? []).map(resolveLayer) };
}

function nameOf(fileName: string): string {
  return fileName.replace(/^.*[\\/]/, '').replace(/\.distill\.ya?ml$/, '');
}

function mlpLayers(widths: number[], { dropout, activation = 'relu' }: ModelInput): LayerSpec[] {
  const [input, hidden] = Array.isArray(dropout) ? dropout : [0, dropout ?? 0];
  const drop = (rate: number): LayerSpec[] => (rate > 0 ? [{ kind: 'dropout', rate }] : []);
  return [
    { kind: 'flatten' },
    ...drop(input),
    ...widths.flatMap((units): LayerSpec[] => [{ kind: 'dense', units, activation }, ...drop(hidden)]),
  ];
}

function resolveLayer(layer: LayerInput): LayerSpec {
  if (layer.dense) return { kind: 'dense', ...layer.dense };
  if (layer.conv) return { kind: 'conv', ...layer.conv };
  if (layer.depthwise_conv) return { kind: 'depthwise_conv', ...layer.depthwise_conv };
  if (layer.norm) return { kind: 'norm', ...layer.norm };
  if (layer.max_pool) return pool('max_pool', layer.max_pool);
  if (layer.avg_pool) return pool('avg_pool', layer.avg_pool);
  if (layer.global_pool) return { kind: 'global_pool' };
  if (layer.flatten) return { kind: 'flatten' };
  if (layer.dropout !== undefined) return { kind: 'dropout', rate: layer.dropout };
  return { kind: 'activation', activation: layer.activation ?? 'linear' };
}

function pool(
  kind: 'max_pool' | 'avg_pool',
  { size, stride }: { size: number; stride?: number | undefined },
): LayerSpec {
  return { kind, size, stride: stride ?? size };
}

function resolveTraining(training: TrainingInput): ResolvedTraining {
  const { clip_norm: clipNorm, ema, early_stop: earlyStop } = training;
  return {
    epochs: training.epochs,
    batch: training.batch,
    accumulate: training.accumulate,
    optimizer: resolveOptimizer(training.optimizer),
    schedule: resolveSchedule(training.schedule),
    ...(clipNorm === undefined ? {} : { clipNorm }),
    augment: { shift: training.augment.shift },
    ...(ema === undefined ? {} : { ema: { decay: ema.decay } }),
    ...(earlyStop === undefined
      ? { keep: training.keep }
      : {
          earlyStop: {
            patience: earlyStop.patience,
            metric: earlyStop.metric,
            minDelta: earlyStop.min_delta,
          },
          keep: 'best',
        }),
  };
}

function resolveStage(stage: TrainingInput & { name: string; losses: LossInput[] }): ResolvedStage {
  return { name: stage.name, ...resolveTraining(stage), losses: stage.losses.map(resolveLoss) };
}

function resolveLoss({ weight: written, kd, ce, logit_mse }: LossInput): ResolvedLoss {
  const weight = resolveScheduled(written);
  if (kd) return { criterion: 'kd', weight, temperature: resolveScheduled(kd.temperature) };
  if (logit_mse) return { criterion: 'logit_mse', weight, reduction: logit_mse.reduction };
  return { criterion: 'ce', weight, labelSmoothing: resolveScheduled(ce?.label_smoothing ?? 0) };
}

function resolveOptimizer(input: OptimizerInput): ResolvedOptimizer {
  if (input.sgd) return { kind: 'sgd', ...optimizerOptions(input.sgd) };
  if (input.rmsprop) return { kind: 'rmsprop', ...optimizerOptions(input.rmsprop) };
  if (input.adamw) return { kind: 'adamw', ...optimizerOptions(input.adamw) };
  if (input.adam) return { kind: 'adam', ...optimizerOptions(input.adam) };
  throw new Error('The schema lets no optimizer through that names none.');
}

function optimizerOptions<T extends { rate: ScheduledInput; weight_decay: number }>({
  rate,
  weight_decay: weightDecay,
  ...rest
}: T): Omit<T, 'rate' | 'weight_decay'> & { rate: Scheduled; weightDecay: number } {
  return { ...rest, rate: resolveScheduled(rate), weightDecay };
}

/** A number that goes nowhere is a plain number. */
function resolveScheduled(input: ScheduledInput): Scheduled {
  if (typeof input === 'number') return input;
  const { from, to, how, until } = input;
  if (from === to) return from;
  return { from, to, how, ...(until === undefined ? {} : { until }) };
}

function resolveSchedule(input: ScheduleInput): ResolvedSchedule {
  if (input === 'constant') return { kind: 'constant', warmup: 0 };
  if (input === 'linear' || input === 'cosine') return { kind: input, to: 0, warmup: 0 };
  if (input.linear) return { kind: 'linear', ...input.linear };
  if (input.cosine) return { kind: 'cosine', ...input.cosine };
  if (input.step) return { kind: 'step', ...input.step };
  return { kind: 'constant', warmup: input.constant?.warmup ?? 0 };
}
