import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../../src/runs/events';
import { RunFollower } from '../../../src/runs/follower';
import type { RunManifest } from '../../../src/runs/manifest';
import { readEvents } from '../../../src/runs/reader';
import type { RunReport } from '../../../src/runs/report';
import { RunWriter } from '../../../src/runs/writer';
import { newRun, temporaryFolder, until } from './helpers';

interface Heard {
  events: RunEvent[];
  manifests: RunManifest[];
  reports: RunReport[];
  order: string[];
  follower: RunFollower;
}

const followers: RunFollower[] = [];
afterEach(() => followers.splice(0).forEach((follower) => follower.dispose()));

function follow(directory: string): Heard {
  const heard: Omit<Heard, 'follower'> = { events: [], manifests: [], reports: [], order: [] };
  const follower = new RunFollower(directory, {
    events: (events) => (heard.events.push(...events), heard.order.push('events')),
    report: (report) => (heard.reports.push(report), heard.order.push('report')),
    manifest: (manifest) => (heard.manifests.push(manifest), heard.order.push(manifest.state)),
  });
  followers.push(follower);
  return Object.assign(heard, { follower });
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const numbers = (heard: Heard): number[] => heard.events.map((e) => e.seq);

test('a directory that comes later is followed from its first event', async () => {
  const directory = path.join(temporaryFolder(), 'later');
  const heard = follow(directory);
  await heard.follower.look();
  const writer = await RunWriter.create(directory, newRun);
  writer.log('info', 'one');
  await until(() => heard.events.length === 1);
  writer.log('info', 'two');
  await until(() => heard.events.length === 2);
  writer.close();
  expect(numbers(heard)).toEqual([1, 2]);
});

test('a final manifest is told after all events and the report', async () => {
  const directory = temporaryFolder();
  const writer = await RunWriter.create(directory, newRun);
  const heard = follow(directory);
  await until(() => heard.manifests.length === 1);
  for (let i = 0; i < 200; i++) writer.log('info', String(i));
  writer.write('report.json', JSON.stringify({ version: 1, roles: {}, comparisons: [], expect: [] }));
  writer.setState('done', undefined, 0);
  writer.close();
  await until(() => heard.manifests.at(-1)?.state === 'done');
  expect(numbers(heard)).toEqual(upTo(201));
  expect(heard.reports).toHaveLength(1);
  expect(heard.order.at(-1)).toBe('done');
});

test('a disposed follower is silent', async () => {
  const directory = temporaryFolder();
  const writer = await RunWriter.create(directory, newRun);
  const heard = follow(directory);
  await heard.follower.look();
  const before = heard.events.length;
  const looking = heard.follower.look();
  heard.follower.dispose();
  writer.log('info', 'x');
  await looking;
  await heard.follower.look();
  writer.close();
  expect(heard.events).toHaveLength(before);
});

test('a file longer than one piece arrives whole', async () => {
  const directory = temporaryFolder();
  const writer = await RunWriter.create(directory, newRun);
  const long = 'ü'.repeat(50_000);
  for (let i = 0; i < 40; i++) writer.log('info', long);
  writer.close();
  const heard = follow(directory);
  await heard.follower.look();
  expect(numbers(heard)).toEqual(upTo(40));
  expect(heard.events.every((e) => e.type === 'log' && e.message === long)).toBe(true);
});

describe('whatever the order of writing and reading', () => {
  const action = fc.oneof(
    fc.record({ do: fc.constant('log' as const), text: fc.string({ unit: 'grapheme', maxLength: 20 }) }),
    fc.record({ do: fc.constant('points' as const), count: fc.nat(3) }),
    fc.record({ do: fc.constant('flush' as const) }),
    fc.record({ do: fc.constant('look' as const) }),
    fc.record({ do: fc.constant('state' as const) }),
    fc.record({ do: fc.constant('reopen' as const), torn: fc.string({ unit: 'grapheme', maxLength: 8 }) }),
    fc.record({ do: fc.constant('follow again' as const) }),
  );

  test('no event is missing or doubled', async () => {
    const folder = temporaryFolder();
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const directory = path.join(folder, String(n++));
        let writer = await RunWriter.create(directory, newRun);
        let heard = follow(directory);
        for (const step of actions) {
          if (step.do === 'log') writer.log('info', step.text);
          if (step.do === 'points')
            for (let i = 0; i < step.count; i++)
              writer.emit({
                type: 'metrics',
                points: [{ role: 'teacher', seed: 1, series: 'loss', step: i, epoch: 0, value: NaN }],
              });
          if (step.do === 'flush') writer.flush();
          if (step.do === 'look') await heard.follower.look();
          if (step.do === 'state') writer.setState('running');
          if (step.do === 'follow again') {
            heard.follower.dispose();
            heard = follow(directory);
          }
          if (step.do === 'reopen') {
            writer.close();
            // A line that a dying writer left behind; a reader must never take it for an event.
            fs.appendFileSync(path.join(directory, 'events.jsonl'), `{"seq":1,${step.torn}`);
            writer = await RunWriter.create(directory, newRun);
          }
        }
        writer.close();
        await heard.follower.look();
        heard.follower.dispose();
        const written = await readEvents(directory);
        expect(written.map((e) => e.seq)).toEqual(upTo(written.length));
        expect(heard.events).toEqual(written);
        const logs = actions.flatMap((step) => (step.do === 'log' ? [step.text] : []));
        expect(written.flatMap((e) => (e.type === 'log' ? [e.message] : []))).toEqual(logs);
      }),
      { numRuns: 60 },
    );
  });

  test('bytes may arrive one by one, also in the middle of a letter', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (messages, sizes) => {
          const directory = temporaryFolder();
          const lines = messages.map((message, i) =>
            JSON.stringify({ seq: i + 1, time: 't', type: 'log', level: 'info', message }),
          );
          const bytes = Buffer.from(`${lines.join('\n')}\n`);
          const heard = follow(directory);
          for (let at = 0, k = 0; at < bytes.length; k++) {
            const size = sizes[k % sizes.length] ?? 1;
            fs.appendFileSync(path.join(directory, 'events.jsonl'), bytes.subarray(at, at + size));
            at += size;
            await heard.follower.look();
          }
          heard.follower.dispose();
          expect(heard.events.map((e) => e.type === 'log' && e.message)).toEqual(messages);
        },
      ),
      { numRuns: 25 },
    );
  });
});
