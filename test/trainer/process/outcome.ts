import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { RunEvent } from '../../../src/runs/events';
import { contentOf } from './trainerProcess';

/** What a run found out, without times and without words that a resumed run says twice. */
export async function outcomeOf(directory: string) {
  const { events, report, manifest } = await contentOf(directory);
  const models = path.join(directory, 'models');
  const weights = fs.readdirSync(models).map((name) => {
    const bytes = fs.readFileSync(path.join(models, name, 'weights.bin'));
    return [name, createHash('sha256').update(bytes).digest('hex')];
  });
  const roles = Object.fromEntries(
    Object.entries(report!.roles).map(([role, { latencyMs: _, ...numbers }]) => [role, numbers]),
  );
  return {
    state: manifest.state,
    weights: Object.fromEntries(weights) as Record<string, string>,
    curves: curvesOf(events),
    evaluations: evaluationsOf(events),
    report: { roles, comparisons: report!.comparisons },
  };
}

/** Every point of every curve. Steps that are told twice must be told alike. */
function curvesOf(events: readonly RunEvent[]): Record<string, string> {
  const points: Record<string, string> = {};
  for (const event of events)
    if (event.type === 'metrics')
      for (const { role, seed, series, step, epoch, value } of event.points) {
        const key = `${role}/${seed}/${series}/${step}`;
        const point = `${epoch}: ${value}`;
        if (points[key] !== undefined && points[key] !== point)
          throw new Error(`${key} was ${points[key]} and became ${point}.`);
        points[key] = point;
      }
  return points;
}

function evaluationsOf(events: readonly RunEvent[]): Record<string, unknown> {
  return Object.fromEntries(
    events.flatMap((event) => {
      if (event.type !== 'evaluation') return [];
      const { seq: _, time: __, ...numbers } = event;
      return [[`${event.role}/${event.seed}/${event.split}`, numbers]];
    }),
  );
}
