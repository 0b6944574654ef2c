import { beforeAll, describe, expect, it } from 'vitest';
import { engines, open } from './correctness/engines';
import { differenceOfNetwork } from './correctness/layer';
import { networks } from './correctness/networks';
import { tolerance } from './correctness/operation';

// Every layer of the experiment language, on every engine that is here, trained for a step against double precision.

describe.each(engines)('%s', (engine) => {
  let absent: string | undefined;
  beforeAll(async () => {
    absent = await open(engine);
    if (absent !== undefined) console.log(`The engine ${engine} is not checked: ${absent}`);
  });

  it.for(networks.map((network) => [network.name, network] as const))(
    '%s',
    async ([, network], { skip, task }) => {
      skip(absent !== undefined);
      const { worst, of } = await differenceOfNetwork(network);
      task.meta.worst = worst;
      expect(worst, of).toBeLessThan(tolerance);
    },
  );
});
