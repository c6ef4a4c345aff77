import { describe, expect, it, vi } from 'vitest';
import { explore, type Scenario } from './explore.js';
import { reported } from './reported.js';
import { creator, deleter, instanceSweeper, lister, reader, sweeper, writer } from './roles.js';
import { emptyStore, IDS, storeWith, volumeFor, without, withoutCandidate } from './store.js';

vi.mock('../../src/volume.js', async (original) => ({
  ...(await original<object>()),
  freshNonce: (await import('./naming.js')).nextName,
  jitter: () => 0,
}));

const volume = volumeFor(undefined);
const start = storeWith('running');
const ended = storeWith('completed');
const nothing = emptyStore();
const save = writer(volume, '!');
const saveSame = writer(volume, '=');
const saveTwice = writer(volume, '!', { attempts: 2 });
const remove = deleter(volume);
const createRunning = creator(volume, 'running');
const createWaiting = creator(volume, 'waiting');
const copyTwo = creator(volume, 'running', { version: 2 });
const copyTwoWaiting = creator(volume, 'waiting', { version: 2 });
const sweep = instanceSweeper(volume);
const sweepAll = sweeper(volume);
const list = lister(volume, undefined);
const listRunning = lister(volume, 'running');
const listWaiting = lister(volume, 'waiting');
const read = reader(volume);

/** Every interleaving, every subset of what a readdir may return, and everybody's death at every step. */
const two: Record<string, Scenario> = {
  'two writers': { start, roles: [save, saveTwice] },
  'two writers, a reader': { start, roles: [save, saveSame, read] },
  'two writers, both listings by status': { start, roles: [saveTwice, saveSame, listRunning, listWaiting] },
  'writers that end what has ended, again': {
    start: ended,
    roles: [writer(volume, 'completed'), writer(volume, 'completed'), lister(volume, 'completed')],
  },
  'two creators': { start: nothing, roles: [createRunning, createWaiting] },
  'two creators where the shard is not there yet': {
    start: emptyStore(undefined, { shards: false }),
    roles: [createRunning, createWaiting],
  },
  'a creator, both listings': { start: nothing, roles: [createRunning, list, listRunning] },
  'a deleter, both listings': { start, roles: [remove, list, listRunning] },
  'two deleters': { start, doubts: true, roles: [remove, remove] },
  'a writer, a deleter': { start, doubts: true, roles: [saveTwice, remove] },
  'a deleter, a creator': { start, roles: [remove, createRunning] },
  'the sweep of a store, a writer': { start, roles: [sweepAll, save] },
  'the sweep of a store, a creator': { start: nothing, roles: [sweepAll, createRunning] },
  'a sweep, a writer': { start, roles: [sweep, save] },
  'a sweep, a creator': { start: nothing, roles: [sweep, createRunning] },
  'a sweep, a deleter': { start, coarse: true, names: 2, doubts: true, roles: [sweep, remove] },
  'two copiers of one version': { start: nothing, roles: [copyTwo, copyTwoWaiting] },
  'a copier, both listings': { start: nothing, roles: [copyTwo, list, listRunning] },
  'a copier, a creator': { start: nothing, roles: [copyTwo, createWaiting] },
  'a copier, a deleter': { start, doubts: true, roles: [copyTwo, remove] },
  'a sweep, a copier': { start: nothing, roles: [sweep, copyTwo] },
  'the sweep of a store, a copier': { start: nothing, roles: [sweepAll, copyTwo] },
  // A sweep of the whole store reads no headers, so it does not notice; the next to write does.
  'two writers where the candidate of a commit was removed': {
    start: withoutCandidate(start),
    coarse: true,
    newcomers: { sweep: 'instance' },
    roles: [save, saveSame],
  },
  'a sweep, a deleter where the candidate of a commit was removed': {
    start: withoutCandidate(start),
    coarse: true,
    names: 2,
    doubts: true,
    newcomers: { sweep: 'instance' },
    roles: [sweep, remove],
  },
  'the sweep of a store that lost a marker and an entry': {
    start: without(start, new RegExp(`^(?:/status|${IDS})/`)),
    heals: true,
    roles: [sweepAll],
  },
};

const three: Record<string, Scenario> = {
  'three writers': { start, coarse: true, roles: [save, saveSame, saveTwice] },
  'a writer, a deleter, a listing': { start, coarse: true, doubts: true, names: 2, roles: [save, remove, list] },
  'two creators, a writer': {
    start: nothing,
    coarse: true,
    roles: [createRunning, createWaiting, writer(volume, '!')],
  },
  // Where a token of version 2 that belongs to no save must be taken for none.
  'a copier of version 2, a creator, a writer': {
    start: nothing,
    coarse: true,
    roles: [copyTwo, createWaiting, writer(volume, '!')],
  },
  'a copier of version 2, a writer, a deleter': {
    start,
    coarse: true,
    names: 2,
    doubts: true,
    roles: [copyTwo, saveSame, remove],
  },
  'a deleter, a writer, a creator': {
    start,
    coarse: true,
    names: 2,
    doubts: true,
    roles: [remove, save, createRunning],
  },
};

/** Minutes. Those with a limit are too many: every schedule up to some length is looked at. */
const more: Record<string, Scenario> = {
  'two deleters, a creator': { start, coarse: true, names: 2, doubts: true, roles: [remove, remove, createRunning] },
  'a writer, a deleter, both listings': { start, coarse: true, doubts: true, roles: [save, remove, list, listRunning] },
  'three creators': { start: nothing, coarse: true, roles: [createRunning, createWaiting, createRunning] },
  'a sweep, a deleter, every subset': { start, names: 2, doubts: true, roles: [sweep, remove] },
  'a sweep, two writers': { start, coarse: true, names: 2, roles: [sweep, save, save] },
  'a sweep, two creators': {
    start: nothing,
    coarse: true,
    names: 2,
    roles: [sweep, createRunning, createWaiting],
  },
  'a sweep, a deleter, a creator': {
    start,
    coarse: true,
    names: 2,
    doubts: true,
    limit: 600_000,
    roles: [sweep, remove, createRunning],
  },
  'two sweeps, a writer': { start, coarse: true, names: 2, limit: 600_000, roles: [sweep, sweep, save] },
  'the sweep of a store, a deleter': { start, coarse: true, names: 2, doubts: true, roles: [sweepAll, remove] },
  'two deleters, a creator, many take-overs': {
    start,
    coarse: true,
    doubts: true,
    limit: 600_000,
    roles: [remove, remove, createRunning],
  },
  'a deleter, a creator, a writer of either life, list': {
    start,
    coarse: true,
    names: 2,
    doubts: true,
    limit: 600_000,
    roles: [remove, createRunning, saveTwice, list],
  },
};

const isExhaustive = process.env['WORKFLOW_STATE_EXHAUSTIVE'] !== undefined;
const CLAIM =
  'at most one success per write, honest answers, nothing lost, revived or destroyed, complete listings; a newcomer alone goes on';

function search(group: string, scenarios: Record<string, Scenario>, limit: number): void {
  describe(`${group}: ${CLAIM}`, () => {
    for (const [name, scenario] of Object.entries(scenarios)) {
      it(`${name}`, { timeout: 3_600_000 }, async ({ annotate }) => {
        const sweep = scenario.coarse === true && !isExhaustive ? 'instance' : 'store';
        const report = await explore({ limit, newcomers: { sweep }, ...scenario });
        await annotate(reported(name, report));
        expect(report.found).toBeUndefined();
        expect(report.complete || scenario.limit !== undefined).toBe(true);
      });
    }
  });
}

search('two actors, every interleaving', two, 1_000_000);
search('three actors, every interleaving', three, 1_000_000);
if (isExhaustive) search('more, every interleaving', more, 12_000_000);
