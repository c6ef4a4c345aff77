// Clause 0: what the other cases take for granted of the harness.

import assert from 'node:assert/strict';
import type { ConformanceCase } from '../case.js';
import { collect, same } from '../claims.js';

export const harnessCases: readonly ConformanceCase[] = [
  {
    id: '0.fresh-and-isolated',
    clause: 0,
    title: 'two locations begin empty, and neither sees what is saved in the other',
    level: 'store',
    usualCause:
      'create() hands out one directory, prefix, table or Map every time, or the beginning of one name is another',
    async run(context) {
      const first = await context.open();
      const elsewhere = await context.elsewhere();
      const second = await elsewhere.open();
      for (const [name, store] of [
        ['first', first],
        ['second', second],
      ] as const) {
        assert.equal((await collect(store.list())).length, 0, `the ${name} location is not empty to begin with`);
      }
      const inFirst = await first.save(context.state());
      assert.equal(
        await second.find(inFirst.instanceId),
        undefined,
        'what was saved in one location is found in the other',
      );
      const inSecond = await second.save(elsewhere.state());
      for (const [name, store, { instanceId }] of [
        ['first', first, inFirst],
        ['second', second, inSecond],
      ] as const)
        same(await collect(store.list()), [instanceId], `what the ${name} location lists, in which one was saved`);
    },
  },
];
