// Long histories: four to six whole backends on one simulated disk. What each does, who moves next and for how long, what
// a readdir returns of the names that come and go, and where everybody dies is drawn, and repeats from its seed.

import fc from 'fast-check';
import type { BackendRecord, StatusKind } from '@workflow-state/core/backend';
import {
  isNotApplied,
  isRevisionConflict,
  isStateStoreError,
  readHeader,
  revisionOfHeader,
} from '@workflow-state/core/backend';
import { describe, expect, it, vi } from 'vitest';
import type { Call, FileOps } from '../../src/file-ops.js';
import { fileSystemBackendOn } from '../../src/filesystem-backend.js';
import { created, following } from '../support/records.js';
import { type AsyncScript, type Intercept, type Running, runningOf, type Step } from './actor.js';
import { newcomers, Violation } from './aftermath.js';
import {
  type Actor,
  changed,
  claimed,
  type History,
  historyOf,
  noted,
  sorted,
  type Watch,
  watchAfter,
  watched,
} from './claims.js';
import type { Answer, Difference, Disk, Order } from './disk.js';
import { notFenced, tokenCopied, without } from './mutants.js';
import { nextName, readable } from './naming.js';
import { perform } from './perform.js';
import { type Base, ID } from './roles.js';
import { emptyStore, nonceOf, seen, storeWith } from './store.js';

vi.mock('../../src/volume.js', async (original) => ({
  ...(await original<object>()),
  freshNonce: (await import('./naming.js')).nextName,
  jitter: () => 0,
}));

const KINDS = ['running', 'waiting', 'completed'] as const;
type Task = 'delete' | 'load' | 'list' | 'sweep' | `${'save' | 'create' | 'list'} ${(typeof KINDS)[number]}`;
const TASKS: readonly Task[] = [
  ...KINDS.flatMap((kind) => [`save ${kind}`, `save ${kind}`, `create ${kind}`, `list ${kind}`] as const),
  'delete',
  'delete',
  'load',
  'list',
  'sweep',
];

/** A process with a backend of its own, doing one after the other. Not opened: it takes the volume for one without order. */
function worker(tasks: readonly Task[]): AsyncScript {
  return async (machine, note) => {
    // The simulated store is the root; a backend wants a path.
    const inner = (path: unknown): unknown => (typeof path === 'string' ? path.replace(/^\/store/, '') : path);
    const ops = Object.fromEntries(
      Object.entries(machine).map(([name, call]) => [
        name,
        (...args: unknown[]) => (call as (...args: unknown[]) => unknown)(...args.map(inner)),
      ]),
    ) as unknown as FileOps;
    const backend = fileSystemBackendOn({ directory: '/store', leftoverAge: 0 }, ops);
    const head = async (): Promise<Base | undefined> => {
      const stored = await backend.read(ID, {});
      return stored && (revisionOfHeader(readHeader(stored.envelope)) as Base);
    };
    const list = async (status: StatusKind | undefined): Promise<void> => {
      note({ note: 'lists', status });
      let found = 0;
      for await (const page of backend.scan({ status }, {})) found += page.length;
      if (found > 1) note({ note: 'failed', error: new Error('named twice') });
      note({ note: 'listed', found: found > 0 });
    };
    const write = async (base: Base | undefined, make: (nonce: string) => BackendRecord): Promise<void> => {
      for (let expected = base, attempt = 0; attempt < 10; attempt++) {
        const nonce = nextName();
        const record = make(nonce);
        const isDelete = record.revision.status === 'tombstone';
        const mine = isDelete ? (base?.nonce ?? '') : nonce;
        if (isDelete) note({ note: 'deletes', nonce: mine });
        try {
          await backend.write(record, expected, {});
          note({ note: isDelete ? 'deleted' : 'saved', nonce: mine });
          return;
        } catch (error) {
          const again = isNotApplied(error) ? error.comeAgain : undefined;
          if (isRevisionConflict(error)) note({ note: 'refused', nonce: mine, was: base?.nonce, record: !isDelete });
          else if (again !== undefined) note({ note: 'refused', nonce: mine, was: undefined, record: !isDelete });
          else if (isStateStoreError(error) && error.code === 'OUTCOME_UNKNOWN')
            note({ note: 'in doubt', nonce: mine });
          else note({ note: 'failed', error });
          if (again === undefined) return;
          expected = expected && { ...expected, ...again };
        }
      }
    };
    for (const task of tasks) {
      const [verb, kind] = task.split(' ') as [string, StatusKind | undefined];
      if (verb === 'list') await list(kind);
      else if (verb === 'create' && kind !== undefined)
        await write(undefined, (nonce) => created(kind, ID, { nonce, bodyBytes: 8, at: 0 }));
      else if (verb === 'sweep') {
        const report = await backend.sweep?.(0, {});
        for (const { error } of report?.failures ?? []) note({ note: 'failed', error });
      } else if (verb === 'load') {
        note({ note: 'loads' });
        note({ note: 'loaded', nonce: (await head())?.nonce });
      } else {
        const base = await head();
        const to = kind ?? 'tombstone';
        if (base !== undefined)
          await write(base, (nonce) =>
            following({ id: ID, revision: base } as BackendRecord, to, { nonce, bodyBytes: 8, at: 0 }),
          );
      }
    }
  };
}

/** One turn: whose, how many calls, and which of the names that come and go a readdir returns. */
type Turn = readonly [who: number, calls: number, names: number];

interface Life {
  readonly actor: Actor;
  readonly running: Running;
  step: Step;
  listing: { readonly directory: string; always: readonly string[]; sometimes: readonly string[] } | undefined;
  watch: Watch | undefined;
}

class World {
  readonly disk: Disk;
  readonly schedule: string[] = [];
  readonly #lives: Life[] = [];
  history: History;
  calls = 0;

  constructor(disk: Disk) {
    this.disk = disk;
    this.history = historyOf(seen(disk));
  }

  async add(letter: string, tasks: readonly Task[], intercept: Intercept | undefined): Promise<void> {
    const actor = { letter, name: `${letter} (${tasks.join(', ')})`, doubts: true };
    const running = runningOf({ role: actor.name, script: () => worker(tasks), intercept }, letter, Infinity);
    const life: Life = {
      actor,
      running,
      step: { notes: [], call: undefined },
      listing: undefined,
      watch: undefined,
    };
    this.#lives.push(life);
    this.#reached(life, await running.advance(undefined));
  }

  /** That actor makes its next call. `false`: it has ended. */
  async move(who: number, names: number): Promise<boolean> {
    const life = this.#lives[who % this.#lives.length] as Life;
    const { call } = life.step;
    if (call === undefined) return false;
    this.calls++;
    const answer = this.#made(life, call, names);
    this.schedule.push(`${life.actor.letter}: ${call[0]} ${call.slice(1).filter(isText).map(readable).join(' → ')}`);
    if (answer !== undefined) this.#reached(life, await life.running.advance(answer));
    return true;
  }

  #made(life: Life, call: Call, names: number): Answer | undefined {
    if (call[0] === 'readdir') {
      const { listing } = life;
      if (listing === undefined) {
        const always = this.disk.names(call[1]);
        if (always === undefined) return { code: 'ENOENT' };
        life.listing = { directory: call[1], always, sometimes: [] };
        return undefined;
      }
      life.listing = undefined;
      return { value: [...listing.always, ...listing.sometimes.filter((_name, i) => (names >> (i % 16)) & 1)].sort() };
    }
    const before = seen(this.disk);
    const answer = perform(this.disk, call, this.calls);
    const after = seen(this.disk);
    if (before !== after) this.history = changed(life.actor, this.history, before, after, call);
    if ('value' in answer) this.history = claimed(life.actor, this.history, call);
    const differences = this.disk.takeDifferences();
    for (const other of this.#lives) {
      if (before !== after && other.watch !== undefined) other.watch = watched(other.watch, after);
      for (const difference of differences) tell(other, difference);
    }
    return answer;
  }

  #reached(life: Life, step: Step): void {
    for (const note of step.notes) {
      this.history = noted(life.actor, note, this.history, seen(this.disk), life.watch);
      life.watch = watchAfter(note, life.watch, seen(this.disk));
    }
    life.step = step;
  }
}

function tell({ listing }: Life, { how, directory, name }: Difference): void {
  if (listing === undefined || listing.directory !== directory) return;
  if (how === 'came' && !listing.always.includes(name)) listing.sometimes = sorted(listing.sometimes, name);
  if (how !== 'went' || !listing.always.includes(name)) return;
  listing.always = listing.always.filter((one) => one !== name);
  listing.sometimes = sorted(listing.sometimes, name);
}

const isText = (part: unknown): part is string => typeof part === 'string';

interface Story {
  readonly workers: readonly (readonly Task[])[];
  readonly turns: readonly Turn[];
  readonly order: Order;
  readonly start: 'nothing' | (typeof KINDS)[number];
}

const stories = fc.record({
  workers: fc.array(fc.array(fc.constantFrom(...TASKS), { minLength: 3, maxLength: 8 }), {
    minLength: 4,
    maxLength: 6,
  }),
  turns: fc.array(
    fc.tuple(fc.nat(5), fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 })), fc.nat(65535)),
    {
      minLength: 40,
      maxLength: 160,
      size: 'max',
    },
  ),
  order: fc.constantFrom<Order>('ordered', 'dirs'),
  start: fc.constantFrom<Story['start']>('nothing', ...KINDS),
}) satisfies fc.Arbitrary<Story>;

let calls = 0;
let cuts = 0;

/** Lives through it, dies at its end, and goes on; and again from what a power cut there leaves. */
async function lived({ workers, turns, order, start }: Story, intercept?: Intercept): Promise<void> {
  const world = new World(start === 'nothing' ? emptyStore(order) : storeWith(start, order));
  try {
    for (const [index, tasks] of workers.entries()) await world.add('abcdef'[index] as string, tasks, intercept);
    for (const [who, most, names] of turns) for (let i = 0; i < most; i++) if (!(await world.move(who, names))) break;
    calls += world.calls;
    await newcomers(world.disk, {}, 'all die');
    const { stored, acknowledged } = world.history;
    let drawn = world.calls + 1;
    const draw = (below: number): number => (drawn = (drawn * 48_271) % 2_147_483_647) % below;
    for (let i = 0; i < 10; i++) {
      cuts++;
      const left = world.disk.afterSomePowerCut(draw);
      const nonce = nonceOf(seen(left));
      if (!stored.slice(acknowledged).includes(nonce))
        throw new Violation('lost', `${nonce ?? 'nothing'} is stored after a power cut`);
      await newcomers(left, { sweep: 'instance' }, 'power is cut');
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    throw new Error([`${error.kind}: ${readable(error.message)}`, ...world.schedule, ...error.steps].join('\n  '));
  }
}

const isExhaustive = process.env['WORKFLOW_STATE_EXHAUSTIVE'] !== undefined;

async function check(runs: fc.Parameters<[Story]>, intercept?: Intercept): Promise<fc.RunDetails<[Story]>> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await fc.check(
      fc.asyncProperty(stories, (story) => lived(story, intercept)),
      runs,
    );
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

describe('long histories of four to six processes, their deaths and power cuts', () => {
  it('keep every claim', { timeout: 3_600_000 }, async ({ annotate }) => {
    const details = await check(isExhaustive ? { numRuns: 5000 } : { numRuns: 60, seed: 1 });
    await annotate(`${details.numRuns} histories, ${calls} calls, ${cuts} disks after a power cut`);
    expect(details.failed ? fc.defaultReportMessage(details) : '').toBe('');
    expect(calls).toBeGreaterThan(10_000);
  });

  const mutations: Record<string, readonly [string, Intercept]> = {
    'no fsync': ['lost|torn', without((call) => call[0] === 'fsync')],
    'tokens that are not consumed': ['overwritten', tokenCopied],
    'sweeps without a fence': ['missed|stuck|dirty|dishonest|overwritten', notFenced],
  };
  for (const [what, [violation, intercept]] of Object.entries(mutations)) {
    it(`turn red with ${what}`, async () => {
      const details = await check({ numRuns: 300, seed: 1, endOnFailure: true }, intercept);
      expect(String(details.errorInstance)).toMatch(new RegExp(`^Error: (?:${violation}):`));
    });
  }
});
