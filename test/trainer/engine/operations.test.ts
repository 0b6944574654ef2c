import { beforeAll, describe, expect, it } from 'vitest';
import { engines, open } from './correctness/engines';
import { differenceOf, tolerance } from './correctness/operation';
import { operations } from './correctness/operations';

// Every operation that training uses, on every engine that is here, against double precision from the definitions.

describe.each(engines)('%s', (engine) => {
  let absent: string | undefined;
  beforeAll(async () => {
    absent = await open(engine);
    if (absent !== undefined) console.log(`The engine ${engine} is not checked: ${absent}`);
  });

  it.for(operations.map((operation) => [operation.name, operation] as const))(
    '%s',
    async ([, operation], { skip, task }) => {
      skip(absent !== undefined);
      const { worst, of } = await differenceOf(operation);
      task.meta.worst = worst;
      const upstream = operation.wrongOn?.[engine];
      if (upstream !== undefined) task.meta.upstream = upstream;
      if (upstream === undefined) expect(worst, of).toBeLessThan(tolerance);
      else expect(worst, `no longer wrong: ${upstream}`).toBeGreaterThan(tolerance);
    },
  );
});
