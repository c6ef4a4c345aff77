// Each mechanism taken away turns the search red, with what it was there for. The same actors with the mechanism are
// clean. The shortest schedule is an annotation of the test: `vitest run --reporter=verbose` prints them.

import { describe, expect, it, vi } from 'vitest';
import type { Intercept } from './actor.js';
import type { Disk } from './disk.js';
import { explore, type Scenario } from './explore.js';
import {
  before,
  blindSweeper,
  byId,
  goneIsPublished,
  late,
  listerOf,
  markerLate,
  notDisabled,
  notFenced,
  notTakenBack,
  partOf,
  pitLate,
  removedByAnother,
  renamed,
  takenBackBlindly,
  tokenCopied,
  tokenFirst,
  unlinked,
  without,
} from './mutants.js';
import { nameOf } from './naming.js';
import { creator, deleter, ID, instanceSweeper, lister, writer } from './roles.js';
import { emptyStore, LAYOUT, SHARD, storeWith, volumeFor } from './store.js';

vi.mock('../../src/volume.js', async (original) => ({
  ...(await original<object>()),
  freshNonce: (await import('./naming.js')).nextName,
  jitter: () => 0,
}));

const volume = volumeFor(undefined);
const unordered = volumeFor('dirs');
const start = storeWith('running');
const firstMarker = LAYOUT.marker(ID, 'running', { version: 1, nonce: nameOf('0', 1), at: 0 });
const firstEntry = LAYOUT.idEntry(ID, nameOf('0', 1));
/** The same start under another name. */
function startWith(from: string, to: string): Disk {
  const disk = start.copy();
  disk.rename(from, to);
  return disk.settled(undefined);
}

const quietly = { newcomers: 'none' } as const;

interface Mutant {
  readonly what: string;
  readonly mutation: Intercept | undefined;
  readonly scenario: (intercept: Intercept | undefined) => Scenario;
  readonly violation: string;
  /** There is no way to do it right with these actors. */
  readonly withoutControl?: boolean;
}

const deletersAndCreator = (intercept: Intercept | undefined): Scenario => ({
  start,
  ...quietly,
  coarse: true,
  names: 2,
  doubts: true,
  roles: [deleter(volume, { intercept }), deleter(volume, { intercept }), creator(volume, 'running')],
});

const mutants: Record<string, Mutant> = {
  'token-not-consumed': {
    what: 'the token is linked to its new name instead of renamed: two writers follow one write',
    mutation: tokenCopied,
    scenario: (intercept) => ({
      start,
      ...quietly,
      roles: [writer(volume, '=', { intercept }), writer(volume, '=', { intercept })],
    }),
    violation: 'overwritten',
  },
  'marker-late': {
    what: 'the marker is made after the publication',
    mutation: markerLate,
    scenario: (intercept) => ({ start, roles: [writer(volume, '!', { intercept })] }),
    violation: 'missed',
  },
  'marker-early-unlink': {
    what: 'the old marker is removed before the publication',
    mutation: before('rename tmp data', ['unlink', firstMarker]),
    scenario: (intercept) => ({ start, roles: [writer(volume, '!', { intercept })] }),
    violation: 'missed',
  },
  'marker-by-id': {
    what: 'the marker is named by the id alone',
    mutation: renamed((path) => (partOf(path) === 'marker' ? byId(path) : path)),
    scenario: (intercept) => ({
      start: intercept === undefined ? start : startWith(firstMarker, byId(firstMarker)),
      newcomers: { sweep: intercept === undefined ? 'instance' : 'none', ...(intercept && { intercept }) },
      roles: [writer(volume, 'waiting', { intercept }), writer(volume, 'running', { intercept })],
    }),
    violation: 'missed',
  },
  'marker-swap-unannounced': {
    what: 'a terminal instance saved again changes its marker without a word to listings',
    mutation: without((call) => call[0] === 'setModified'),
    scenario: (intercept) => ({
      start: storeWith('completed'),
      ...quietly,
      roles: [writer(volume, '=', { intercept }), lister(volume, 'completed')],
    }),
    violation: 'missed',
  },
  'entry-late': {
    what: 'the entry in ids/ is made after the create has taken effect',
    mutation: late(['link tok entry'], 'link tmp data'),
    scenario: (intercept) => ({ start: emptyStore(), roles: [creator(volume, 'running', { intercept })] }),
    violation: 'missed',
  },
  'entry-early-unlink': {
    what: 'the entry in ids/ is removed before the delete has taken effect',
    mutation: before('rename data struck', ['unlink', firstEntry]),
    scenario: (intercept) => ({
      start,
      ...quietly,
      roles: [deleter(volume, { intercept }), lister(volume, undefined)],
    }),
    violation: 'missed',
  },
  'entry-by-id': {
    what: 'the entry in ids/ is named by the id alone: the deleter of one life removes that of the next',
    mutation: renamed((path) => (partOf(path) === 'entry' ? byId(path) : path)),
    scenario: (intercept) => ({
      start: intercept === undefined ? start : startWith(firstEntry, byId(firstEntry)),
      newcomers: { sweep: intercept === undefined ? 'instance' : 'none', ...(intercept && { intercept }) },
      roles: [deleter(volume, { intercept }), creator(volume, 'running', { intercept })],
    }),
    violation: 'missed',
  },
  'token-in-index-readdir': {
    what: 'a listing reads names that a save renames',
    mutation: undefined,
    scenario: () => ({ start, ...quietly, roles: [writer(volume, '='), listerOf('tok')] }),
    violation: 'missed',
    withoutControl: true,
  },
  'list-replace-moves': {
    what: 'list reads the data files, whose entries move when they are replaced (btrfs)',
    mutation: undefined,
    scenario: () => ({ start, ...quietly, replacedMoves: true, roles: [writer(volume, '='), listerOf('data')] }),
    violation: 'missed',
    withoutControl: true,
  },
  'create-link-first': {
    what: 'create publishes before its token is there',
    mutation: late(['create tok', 'link tok marker', 'link tok entry'], 'link tmp data'),
    scenario: (intercept) => ({ start: emptyStore(), roles: [creator(volume, 'running', { intercept })] }),
    violation: 'missed',
  },
  'create-token-late': {
    what: 'create publishes before its token is there, with index entries of their own',
    mutation: () => {
      const tokenLater = late(['create tok'], 'link tmp data')();
      return function* (call) {
        if (call[0] !== 'link' || !call[1].endsWith('.tok')) return yield* tokenLater(call);
        return yield ['create', call[2]];
      };
    },
    scenario: (intercept) => ({ start: emptyStore(), roles: [creator(volume, 'running', { intercept })] }),
    violation: 'stuck',
  },
  'delete-unlink': {
    what: 'delete and finishers unlink the data file',
    mutation: unlinked,
    scenario: deletersAndCreator,
    violation: 'destroyed',
  },
  'delete-no-disable': {
    what: 'a finisher leaves the pits of earlier owners',
    mutation: notDisabled,
    scenario: deletersAndCreator,
    violation: 'destroyed',
  },
  'delete-pit-late': {
    what: 'the pit is made after the claim is owned, so that a finisher may not see it',
    mutation: pitLate,
    scenario: deletersAndCreator,
    violation: 'destroyed',
  },
  'sweep-no-fence': {
    what: 'the sweep does not fence',
    mutation: notFenced,
    scenario: (intercept) => ({
      start,
      newcomers: { sweep: intercept === undefined ? 'instance' : 'none' },
      roles: [instanceSweeper(volume, { intercept }), writer(volume, '!')],
    }),
    violation: 'missed',
  },
  'sweep-token-first': {
    what: 'the sweep removes the token of a create under way before its candidate',
    mutation: tokenFirst,
    scenario: (intercept) => ({
      start: emptyStore(),
      roles: [instanceSweeper(volume, { intercept }), creator(volume, 'running')],
    }),
    violation: 'stuck',
  },
  'age-sweep-blind': {
    what: 'candidates are removed by age, and a writer takes a vanished one for published',
    mutation: goneIsPublished,
    scenario: (intercept) => ({ start, ...quietly, roles: [blindSweeper(), writer(volume, '=', { intercept })] }),
    violation: 'dishonest',
  },
  'age-sweep-wedge': {
    what: 'candidates are removed by age, their writer dies, and nobody takes its write back',
    mutation: notTakenBack,
    scenario: (intercept) => ({
      start,
      newcomers: { sweep: 'none', ...(intercept && { intercept }) },
      roles: [blindSweeper(), writer(volume, '=')],
    }),
    violation: 'stuck',
  },
  'rollback-naive': {
    what: 'a write is taken back when its candidate is not seen, without another look at the data file',
    mutation: takenBackBlindly,
    scenario: (intercept) => ({
      start,
      ...quietly,
      coarse: true,
      roles: [writer(volume, '='), writer(volume, '=', { intercept }), writer(volume, '=')],
    }),
    violation: 'overwritten',
  },
  'fence-reuse-nonce': {
    what: 'after a fence the writer comes again under its old nonce',
    mutation: (): ReturnType<Intercept> =>
      function* (call) {
        return yield call;
      },
    scenario: (intercept) => ({
      start,
      newcomers: { sweep: intercept === undefined ? 'instance' : 'none' },
      roles: [instanceSweeper(volume), writer(volume, '!', { sameNonce: intercept !== undefined })],
    }),
    violation: 'missed',
  },
  'power-no-dirfsync': {
    what: 'no fsync of directories',
    mutation: without((call) => call[0] === 'syncDirectory'),
    scenario: (intercept) => ({
      start: storeWith('running', 'ordered'),
      order: 'ordered',
      roles: [writer(volume, '=', { intercept })],
    }),
    violation: 'lost',
  },
  'power-no-filefsync': {
    what: 'no fsync of files',
    mutation: without((call) => call[0] === 'fsync'),
    scenario: (intercept) => ({
      start: storeWith('running', 'ordered'),
      order: 'ordered',
      roles: [writer(volume, '=', { intercept })],
    }),
    violation: 'torn',
  },
  'power-delete-own-unsynced': {
    what: 'a deleter whose data file another removed acknowledges at once',
    mutation: removedByAnother,
    scenario: (intercept) => ({
      start: storeWith('running', 'ordered'),
      order: 'ordered',
      coarse: true,
      names: 2,
      ...quietly,
      doubts: true,
      roles: [deleter(volume, { intercept }), deleter(volume)],
    }),
    violation: 'lost',
  },
  'power-dirs-index-unsynced': {
    what: 'unordered directories, the index is not synced before the commit',
    mutation: without((call) => call[0] === 'syncDirectory' && call[1].startsWith('/status/')),
    scenario: (intercept) => ({
      start: storeWith('running', 'dirs'),
      order: 'dirs',
      roles: [writer(unordered, '!', { intercept })],
    }),
    violation: 'missed',
  },
  'power-dirs-ids-unsynced': {
    what: 'unordered directories, ids/ is not synced before the create',
    mutation: without((call) => call[0] === 'syncDirectory' && call[1].startsWith('/ids/')),
    scenario: (intercept) => ({
      start: emptyStore('dirs'),
      order: 'dirs',
      roles: [creator(unordered, 'running', { intercept })],
    }),
    violation: 'missed',
  },
  'power-dirs-unlink-early': {
    what: 'unordered directories, the old marker is removed before the shard is synced',
    mutation: before('syncDirectory other', ['unlink', firstMarker]),
    scenario: (intercept) => ({
      start: storeWith('running', 'dirs'),
      order: 'dirs',
      roles: [writer(unordered, '!', { intercept })],
    }),
    violation: 'missed',
  },
  'power-dirs-sweep-unsynced': {
    what: 'unordered directories, the sweep removes markers before the shard is synced',
    mutation: without((call) => call[0] === 'syncDirectory' && call[1] === SHARD),
    scenario: (intercept) => ({
      start: storeWith('running', 'dirs'),
      order: 'dirs',
      coarse: true,
      roles: [instanceSweeper(unordered, { intercept }), writer(unordered, '!')],
    }),
    violation: 'missed',
  },
};

/** Found clean without a mutation. */
const controlled = new Set<Mutant['scenario']>();

describe('the search turns red without a mechanism', () => {
  for (const [name, { what, mutation, scenario, violation, withoutControl }] of Object.entries(mutants)) {
    it(`${name}: ${what}`, async ({ annotate }) => {
      const { found, states } = await explore(scenario(mutation));
      await annotate([`${name} (${states} states): ${found?.message}`, ...(found?.schedule ?? [])].join('\n  '));
      expect(found).toMatchObject({ kind: violation });
      if (withoutControl === true || controlled.has(scenario)) return;
      const control = await explore(scenario(undefined));
      controlled.add(scenario);
      expect(control.found).toBeUndefined();
      expect(control.complete).toBe(true);
    });
  }
});
