import { describe, expect, it, vi } from 'vitest';
import { explore, type Scenario } from './explore.js';
import { creator, deleter, lister, reader, sweeper, writer } from './roles.js';
import { emptyStore, storeWith, volumeFor } from './store.js';

vi.mock('../../src/volume.js', async (original) => ({
  ...(await original<typeof import('../../src/volume.js')>()),
  freshNonce: (await import('./naming.js')).nextName,
  jitter: () => 0,
}));

const volume = volumeFor(undefined);

const scenarios: Record<string, Scenario> = {
  'two writers': { start: storeWith('running'), roles: [writer(volume, '!'), writer(volume, '!')] },
  'two writers, reader': { start: storeWith('running'), roles: [writer(volume, '!'), writer(volume, '='), reader(volume)] },
  'writer, list': { start: storeWith('running'), roles: [writer(volume, '!'), lister(volume, 'running')] },
  'two creators': { start: emptyStore(), roles: [creator(volume, 'running'), creator(volume, 'waiting')] },
  'two deleters': { start: storeWith('running'), doubts: true, roles: [deleter(volume), deleter(volume)] },
  'writer, deleter': { start: storeWith('running'), doubts: true, roles: [writer(volume, '!'), deleter(volume)] },
  'deleter, creator': { start: storeWith('running'), roles: [deleter(volume), creator(volume, 'running')] },
  'sweeper, writer': { start: storeWith('running'), roles: [sweeper(volume), writer(volume, '!')] },
  'sweeper, creator': { start: emptyStore(), roles: [sweeper(volume), creator(volume, 'running')] },
  'sweeper, deleter': { start: storeWith('running'), roles: [sweeper(volume), deleter(volume)] },
};

describe('x', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it(name, async () => {
      const r = await explore(scenario);
      console.log(name, r.states, r.disks, r.deaths, r.seconds, JSON.stringify(r.found, null, 1));
      expect(r.found).toBeUndefined();
    }, 120_000);
  }
});
