import type { RunEvent, ToPage } from '../src/editor/dashboard/messages';

/** Whether a message from outside has the shape that the page builds on. Fields and types it does not know are let through. */
export function isToPage(message: unknown): message is ToPage {
  if (!isRecord(message)) return false;
  switch (message['type']) {
    case 'snapshot':
      return (
        isRuns(message['runs']) &&
        typeof message['trusted'] === 'boolean' &&
        (message['run'] === null ||
          (isRecord(message['run']) && isShown(message['run']) && isEvents(message['run']['events'])))
      );
    case 'append':
      return typeof message['id'] === 'string' && isEvents(message['events']);
    case 'update':
      return typeof message['id'] === 'string' && isShown(message);
    case 'runs':
      return isRuns(message['runs']);
    default:
      return false;
  }
}

/** Whether an event has the fields that are drawn; one that has not still counts, but is not drawn. */
export function isDrawable(event: RunEvent): boolean {
  const fields: Record<string, unknown> = { ...event };
  const has = (type: 'string' | 'number', ...names: string[]): boolean =>
    names.every((name) => typeof fields[name] === type);
  switch (event.type) {
    case 'stage':
      return (
        has('string', 'stage', 'role', 'state') &&
        has('number', 'seed', 'epochs', 'stepsPerEpoch') &&
        (fields['step'] === undefined || has('number', 'step'))
      );
    case 'cache':
      return has('number', 'hits', 'misses', 'bytes');
    case 'progress':
      return (
        has('string', 'role', 'stage') &&
        has(
          'number',
          'seed',
          'epoch',
          'epochs',
          'step',
          'steps',
          'samplesPerSecond',
          'runEtaSeconds',
          'fraction',
        )
      );
    case 'metrics':
      return Array.isArray(fields['points']) && fields['points'].every(isPoint);
    case 'evaluation':
      return has('string', 'role', 'split') && has('number', 'seed', 'errors', 'accuracy', 'ece');
    case 'sample':
      return (
        has('string', 'role') &&
        has('number', 'seed', 'epoch') &&
        Array.isArray(fields['logits']) &&
        fields['logits'].every(Array.isArray) &&
        (fields['images'] === undefined ||
          (Array.isArray(fields['images']) && fields['images'].every(isImage)))
      );
    case 'problem':
      return has('string', 'severity', 'message');
    default:
      return true;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isEvents(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (event) =>
        isRecord(event) &&
        Number.isSafeInteger(event['seq']) &&
        (event['seq'] as number) > 0 &&
        typeof event['type'] === 'string',
    )
  );
}

/** Manifest, state and report, as snapshots and updates carry them. */
function isShown(value: Record<string, unknown>): boolean {
  const { manifest, state, report } = value;
  return (
    isRecord(manifest) &&
    typeof manifest['id'] === 'string' &&
    typeof manifest['name'] === 'string' &&
    Array.isArray(manifest['seeds']) &&
    Array.isArray(manifest['roles']) &&
    typeof state === 'string' &&
    typeof value['resumable'] === 'boolean' &&
    (report === null ||
      (isRecord(report) && isRecord(report['roles']) && Array.isArray(report['comparisons'])))
  );
}

function isRuns(value: unknown): boolean {
  return Array.isArray(value) && value.every((run) => isRecord(run) && typeof run['id'] === 'string');
}

function isPoint(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['role'] === 'string' &&
    typeof value['series'] === 'string' &&
    typeof value['seed'] === 'number' &&
    typeof value['step'] === 'number' &&
    typeof value['epoch'] === 'number' &&
    (typeof value['value'] === 'number' || typeof value['value'] === 'string')
  );
}

function isImage(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['pixels'] === 'string' &&
    typeof value['width'] === 'number' &&
    typeof value['height'] === 'number' &&
    typeof value['label'] === 'number'
  );
}
