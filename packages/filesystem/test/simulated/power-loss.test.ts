// Power may be cut after every call of every interleaving: every disk that this may leave holds what was acknowledged,
// whole, in every index, and newcomers go on from there.

import { describe, expect, it, vi } from 'vitest';
import type { Order } from './disk.js';
import { explore, type Scenario } from './explore.js';
import { reported } from './reported.js';
import { creator, deleter, instanceSweeper, sweeper, writer } from './roles.js';
import { emptyStore, storeWith, volumeFor } from './store.js';

vi.mock('../../src/volume.js', async (original) => ({
  ...(await original<object>()),
  freshNonce: (await import('./naming.js')).nextName,
  jitter: () => 0,
}));

function scenarios(order: Order): { few: Record<string, Scenario>; more: Record<string, Scenario> } {
  const volume = volumeFor(order);
  const start = storeWith('running', order);
  const ended = storeWith('completed', order);
  const nothing = emptyStore(order);
  const save = writer(volume, '!');
  const remove = deleter(volume);
  const create = creator(volume, 'running');
  const sweep = instanceSweeper(volume);
  const few: Record<string, Scenario> = {
    'a writer that keeps the status': { start, order, roles: [writer(volume, '=')] },
    'a writer': { start, order, roles: [save] },
    'a writer that ends what has ended, again': { start: ended, order, roles: [writer(volume, '=')] },
    'a creator': { start: nothing, order, roles: [create] },
    'a creator where the shard is not there yet': {
      start: emptyStore(order, { shards: false }),
      order,
      roles: [create],
    },
    'a deleter': { start, order, roles: [remove] },
    'two writers': { start, order, coarse: true, roles: [save, save] },
  };
  const more: Record<string, Scenario> = {
    'a deleter, a creator': { start, order, coarse: true, roles: [remove, creator(volume, 'waiting')] },
    'two creators': { start: nothing, order, coarse: true, roles: [create, creator(volume, 'waiting')] },
    'a writer, a deleter': { start, order, coarse: true, names: 2, doubts: true, roles: [save, remove] },
    'two deleters': { start, order, coarse: true, names: 2, doubts: true, roles: [remove, remove] },
    'a sweep, a writer': { start, order, coarse: true, roles: [sweep, save] },
    'a sweep, a creator': { start: nothing, order, coarse: true, roles: [sweep, create] },
    'a sweep, a deleter': { start, order, coarse: true, names: 2, doubts: true, roles: [sweep, remove] },
    'the sweep of a store, a creator': { start: nothing, order, coarse: true, roles: [sweeper(volume), create] },
    'a deleter, a creator, a writer': {
      start,
      order,
      coarse: true,
      names: 2,
      doubts: true,
      limit: 100_000,
      roles: [remove, create, save],
    },
    'two creators where the shard is not there yet': {
      start: emptyStore(order, { shards: false }),
      order,
      coarse: true,
      roles: [create, creator(volume, 'waiting')],
    },
  };
  return { few, more };
}

const orders: Record<Order, string> = {
  ordered: 'directory operations become durable in order',
  dirs: 'each directory becomes durable on its own',
};

for (const order of ['ordered', 'dirs'] as const) {
  const { few, more } = scenarios(order);
  const isExhaustive = process.env['WORKFLOW_STATE_EXHAUSTIVE'] !== undefined;
  describe(`power cut at any call, ${orders[order]}: acknowledged writes are there, whole and listed`, () => {
    for (const [name, scenario] of Object.entries(isExhaustive ? { ...few, ...more } : few)) {
      it(`${name}`, { timeout: 3_600_000 }, async ({ annotate }) => {
        const report = await explore({
          limit: 12_000_000,
          newcomers: { sweep: isExhaustive ? 'store' : 'instance' },
          ...scenario,
        });
        await annotate(reported(`${order}, ${name}`, report));
        expect(report.found).toBeUndefined();
        // The largest is too much: every schedule up to some length is looked at.
        expect(report.complete || scenario.limit !== undefined).toBe(true);
      });
    }
  });
}
