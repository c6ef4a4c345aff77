// Every system call of every operation fails, in every way, once or until the fault is over: what is stored is the old or
// the new state, the answer is true, and once the fault is over everything works.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {
  InstanceId,
  isStateStoreError,
  newWorkflowState,
  openStateStore,
  pause,
  type StateStore,
  type StateStoreError,
  type WorkflowState,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { describe, expect, it } from 'vitest';
import { fileSystemBackendOn } from '../src/filesystem-backend.js';
import type { FileOps } from '../src/file-ops.js';
import { idsOf } from '../torture/ids.js';
import { leftovers } from '../torture/leftovers.js';
import { freshDirectory } from './support/place.js';
import { Seam, type SeenCall } from './support/seam.js';

const input = (id: InstanceId): WorkflowStateInput => ({
  ...(newWorkflowState({
    workflowId: 'faulty',
    version: { major: 1, minor: 0, patch: 0 },
    currentStage: 'begin',
    state: { padding: new Uint8Array(2000) },
  }) as WorkflowStateInput),
  instanceId: id,
});

const nonceOf = (state: WorkflowState | undefined): string | undefined => state?.revision.split('.')[2];

const faultAt = ({ name, args }: SeenCall, code: string): Error =>
  Object.assign(new Error(`${code}: injected, ${name}`), {
    code,
    syscall: name,
    ...(typeof args[0] === 'string' && { path: args[0] }),
  });

/** Not made, and says so. Only a close is made all the same: the kernel gives the handle back whatever it reports. */
function failing(call: SeenCall, proceed: () => unknown, code: string): unknown {
  const fail = (): never => {
    throw faultAt(call, code);
  };
  if (call.name !== 'close' && call.name !== 'closedir') return fail();
  const closed = proceed();
  return closed instanceof Promise ? closed.then(fail) : fail();
}

interface Setup {
  readonly store: StateStore;
  readonly seam: Seam;
  readonly directory: string;
  readonly id: InstanceId;
  readonly neighbour: InstanceId;
  /** Not there where the operation is to create it. */
  readonly old: WorkflowState | undefined;
  /** Counts the calls from now on: what `during` says happens at each. */
  arm(during: (call: SeenCall, at: number, proceed: () => unknown) => unknown): void;
  disarm(): void;
}

async function setup(create: boolean, io: 'hybrid' | 'async' = 'hybrid'): Promise<Setup> {
  const directory = freshDirectory();
  const { asyncFileOps, hybridFileOps } = await import('../src/file-ops.js');
  const seam = new Seam(io === 'async' ? asyncFileOps() : hybridFileOps());
  const store = await openStateStore(fileSystemBackendOn({ directory, leftoverAge: 0 }, seam.ops));
  const id = InstanceId.generate();
  const neighbour = InstanceId.parse(`${id.slice(0, 2)}${'0'.repeat(30)}`);
  await store.save(input(neighbour));
  const old = create ? undefined : await store.save(input(id));
  let during: Parameters<Setup['arm']>[0] | undefined;
  let at = 0;
  seam.replaceAt(
    /./,
    (call, proceed) => (during === undefined || call.name === 'pause' ? proceed() : during(call, at++, proceed)),
    Infinity,
  );
  return {
    store,
    seam,
    directory,
    id,
    neighbour,
    old,
    arm: (what) => {
      at = 0;
      during = what;
    },
    disarm: () => {
      during = undefined;
    },
  };
}

type Run = (setup: Setup) => Promise<unknown>;

const OPERATIONS: Readonly<Record<'save' | 'status' | 'create' | 'delete', Run>> = {
  save: ({ store, old }) => store.save(old as WorkflowState),
  status: ({ store, old }) => store.save(pause(old as WorkflowState)),
  create: ({ store, id }) => store.save(input(id)),
  delete: ({ store, id, old }) => store.delete(id, { revision: (old as WorkflowState).revision }),
};

/** Of several, one call has the first, the next call the second. */
const CODES = [['ENOSPC'], ['EIO'], ['EROFS', 'EDQUOT', 'EMFILE', 'EACCES']] as const;

async function outcome(promise: Promise<unknown>): Promise<'done' | StateStoreError> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (isStateStoreError(error)) return error;
    throw error;
  }
}

/** All that stands between the answer and the machine. */
function causesOf(error: StateStoreError): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < 10; cause = (cause as Error).cause)
    causes.push(cause);
  return causes;
}

/** That the answer was true, and that everything works once the fault is over. */
async function assertHonest(
  what: string,
  setup: Setup,
  name: keyof typeof OPERATIONS,
  ended: 'done' | StateStoreError,
  fault: string,
) {
  const { store, directory, id, neighbour, old } = setup;
  const now = await store.find(id);
  const version = now?.checkpointVersion;
  const before = old?.checkpointVersion;
  const after = name === 'delete' ? undefined : (before ?? 0) + 1;
  if (ended === 'done') {
    assert.equal(version, after, what);
  } else {
    assert.ok(['STORAGE_ERROR', 'OUTCOME_UNKNOWN'].includes(ended.code), `${what}: ${ended.code}, ${ended.message}`);
    assert.equal(ended.instanceId, id, what);
    assert.ok(ended.recoveryHints.length > 0, what);
    assert.ok(ended.message.includes(fault), `${what}: ${ended.message}`);
    assert.ok(
      causesOf(ended).some((cause) => (cause as { readonly code?: unknown }).code === fault),
      what,
    );
    // Refused is refused: the old state, and the very write.
    if (ended.code === 'STORAGE_ERROR') {
      assert.equal(version, before, what);
      assert.equal(nonceOf(now), nonceOf(old), what);
      assert.ok(ended.retryable, what);
    } else assert.ok(version === before || version === after, what);
  }
  const listed = await idsOf(store.list());
  for (const one of now === undefined ? [neighbour] : [neighbour, id]) assert.ok(listed.includes(one), what);
  if (now !== undefined) assert.ok((await idsOf(store.listByStatus(now.status.kind))).includes(id), what);

  // The same once more where it was refused; else whatever comes next.
  if (ended !== 'done' && ended.code === 'STORAGE_ERROR')
    assert.equal(await outcome(OPERATIONS[name](setup)), 'done', what);
  const goOn = async (): Promise<WorkflowState> => store.save((await store.find(id)) ?? input(id));
  // In doubt it may have been committed and not yet be visible: whoever comes next publishes it.
  await goOn().catch((error: unknown) => {
    assert.ok(ended !== 'done' && ended.code === 'OUTCOME_UNKNOWN', what);
    assert.ok(isStateStoreError(error) && error.code === 'CHECKPOINT_CONFLICT', what);
    return goOn();
  });
  const { failures } = await store.cleanup({ days: 1 });
  assert.deepEqual(failures, [], what);
  assert.deepEqual(await leftovers(directory, new Set([id, neighbour])), [], what);
  await store.close();
  assert.deepEqual(openFiles(directory), [], what);
}

function openFiles(directory: string): string[] {
  if (!existsSync('/proc/self/fd')) return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** One run for each call: `false` once there are no more. */
async function atEveryCall(create: boolean, run: (setup: Setup, at: number) => Promise<boolean>): Promise<number> {
  for (let at = 0; at < 60; at++)
    if (!(await run(await setup(create, at % 2 === 0 ? 'hybrid' : 'async'), at))) return at;
  throw new Error('more than 60 calls');
}

describe('a call that fails', () => {
  for (const name of Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[]) {
    it.each(CODES.map((codes) => [codes.join(', '), codes] as const))(
      `${name}: once, at any call, %s`,
      async (_codes, codes) => {
        const calls = await atEveryCall(name === 'create', async (prepared, at) => {
          const code = codes[at % codes.length] ?? 'EIO';
          let hit: SeenCall | undefined;
          prepared.arm((call, number, proceed) => {
            if (number !== at) return proceed();
            hit = call;
            return failing(call, proceed, code);
          });
          const ended = await outcome(OPERATIONS[name](prepared));
          prepared.disarm();
          await assertHonest(`${name}, ${code} at ${at}: ${hit?.text}`, prepared, name, ended, code);
          return hit !== undefined;
        });
        assert.ok(calls >= 7);
      },
    );

    it(`${name}: reported as failed although it was made`, async () => {
      await atEveryCall(name === 'create', async (prepared, at) => {
        let hit: SeenCall | undefined;
        prepared.arm((call, number, proceed) => {
          // A handle that was opened all the same would be lost by the kernel's fault, not by ours.
          if (number !== at || call.name === 'create' || call.name === 'open') {
            if (number === at) hit = call;
            return proceed();
          }
          hit = call;
          const fail = (): never => {
            throw faultAt(call, 'EIO');
          };
          const made = proceed();
          return made instanceof Promise ? made.then(fail) : fail();
        });
        const ended = await outcome(OPERATIONS[name](prepared));
        prepared.disarm();
        await assertHonest(`${name}, made but reported as EIO at ${at}: ${hit?.text}`, prepared, name, ended, 'EIO');
        return hit !== undefined;
      });
    });

    it.each([
      ['ENOSPC', ['create', 'write', 'fsync', 'link', 'mkdir', 'rename']],
      ['EROFS', ['create', 'write', 'link', 'mkdir', 'rename', 'unlink', 'rmdir', 'setModified']],
      ['EMFILE', ['create', 'open', 'readdir']],
      ['EIO', undefined],
    ] as [string, (keyof FileOps)[] | undefined][])(`${name}: from any call on, %s`, async (code, names) => {
      await atEveryCall(name === 'create', async (prepared, at) => {
        let began = false;
        prepared.arm((call, number, proceed) => {
          if (number >= at) began = true;
          // Files can be closed on any disk.
          if (number < at || call.name === 'close' || names?.includes(call.name) === false) return proceed();
          throw faultAt(call, code);
        });
        const ended = await outcome(OPERATIONS[name](prepared));
        prepared.disarm();
        await assertHonest(`${name}, ${code} from ${at} on`, prepared, name, ended, code);
        return began;
      });
    });
  }

  it('a disk that fills up amid a write keeps the old state', async () => {
    const prepared = await setup(false);
    // The kernel says "some", then "no more".
    let asked = 0;
    const { writeSync } = await import('node:fs');
    prepared.arm((call, _at, proceed) => {
      if (call.name !== 'write') return proceed();
      const [handle, bytes, offset] = call.args as Parameters<FileOps['write']>;
      if (asked++ > 0) throw faultAt(call, 'ENOSPC');
      return writeSync(handle, bytes, offset, 700, offset);
    });
    const ended = await outcome(OPERATIONS.save(prepared));
    prepared.disarm();
    expect(ended).toMatchObject({ code: 'STORAGE_ERROR' });
    await assertHonest('short write', prepared, 'save', ended, 'ENOSPC');
  });
});

describe('reading that fails', () => {
  const READS: Readonly<Record<string, Run>> = {
    find: ({ store, id }) => store.find(id),
    head: ({ store, id }) => store.head(id),
    list: ({ store }) => idsOf(store.list()),
    listByStatus: ({ store }) => idsOf(store.listByStatus('initializing')),
    'listByStatus, terminal': ({ store }) => idsOf(store.listByStatus('completed')),
  };
  const cases = Object.entries(READS).flatMap(([name, read]) => [
    { name, read, bytes: 0 },
    ...(name.startsWith('list') ? [{ name: `${name}, a large directory`, read, bytes: Infinity }] : []),
  ]);
  for (const { name, read, bytes } of cases) {
    it.each(['EIO', 'EMFILE', 'EACCES'])(`${name}: %s is an error, never "absent" or an empty list`, async (code) => {
      await atEveryCall(false, async (prepared, at) => {
        let hit: SeenCall | undefined;
        prepared.arm((call, number, proceed) => {
          if (number !== at) return call.name === 'bytes' ? bytes : proceed();
          hit = call;
          return failing(call, proceed, code);
        });
        const ended = await outcome(read(prepared));
        prepared.disarm();
        const what = `${name}, ${code} at ${at}: ${hit?.text}`;
        assert.deepEqual(
          ended === 'done' ? 'done' : [ended.code, ended.message.includes(code), ended.recoveryHints.length],
          hit === undefined ? 'done' : ['STORAGE_ERROR', true, 1],
          what,
        );
        assert.equal(await outcome(read(prepared)), 'done', what);
        await prepared.store.close();
        assert.deepEqual(openFiles(prepared.directory), [], what);
        return hit !== undefined;
      });
    });
  }

  it('cleanup: goes on, and says what it could not do', async () => {
    const prepared = await setup(false);
    prepared.arm((call, _at, proceed) => {
      if (call.text === 'readdir data/xx') throw faultAt(call, 'EIO');
      return proceed();
    });
    const { failures } = await prepared.store.cleanup({ days: 1 });
    prepared.disarm();
    expect(failures.length).toBeGreaterThan(0);
    expect((await prepared.store.cleanup({ days: 1 })).failures).toEqual([]);
  });
});

describe('somebody else at the files', () => {
  const pathOf = ({ directory, id }: Setup): string => `${directory}/data/${id.slice(0, 2)}/${id}`;

  it('a directory in place of the instance: named in the error, others untouched, put back it works', async () => {
    const prepared = await setup(false);
    const { store, id, neighbour, old } = prepared;
    const path = pathOf(prepared);
    renameSync(path, `${path}.kept`);
    mkdirSync(path);
    const attempts = [
      () => store.find(id),
      () => store.head(id),
      () => store.delete(id),
      () => store.save(old as WorkflowState),
    ];
    for (const attempt of attempts) {
      const error = await outcome(attempt());
      expect(error).toMatchObject({ message: expect.stringContaining(path) as string, instanceId: id });
      expect((error as StateStoreError).recoveryHints).not.toEqual([]);
    }
    expect((await store.load(neighbour)).checkpointVersion).toBe(1);
    expect(await idsOf(store.list())).toContain(id);
    rmSync(path, { recursive: true });
    renameSync(`${path}.kept`, path);
    expect((await store.save(old as WorkflowState)).checkpointVersion).toBe(2);
  });

  it('two instances swapped: each is corrupt, neither is the other', async () => {
    const prepared = await setup(false);
    const { store, directory, id, neighbour } = prepared;
    const other = `${directory}/data/${id.slice(0, 2)}/${neighbour}`;
    const [mine, theirs] = [readFileSync(pathOf(prepared)), readFileSync(other)];
    writeFileSync(pathOf(prepared), theirs);
    writeFileSync(other, mine);
    for (const one of [id, neighbour])
      expect(await outcome(store.load(one))).toMatchObject({ code: 'DESERIALIZATION_ERROR', instanceId: one });
    writeFileSync(pathOf(prepared), mine);
    writeFileSync(other, theirs);
    expect((await store.load(id)).checkpointVersion).toBe(1);
  });

  it('any bit flipped, or cut at any length: corrupt or refused, never another state', async () => {
    const prepared = await setup(false);
    const { store, id, old } = prepared;
    const path = pathOf(prepared);
    const bytes = readFileSync(path);
    const positions = [...Array.from({ length: 160 }, (_, at) => at), 500, bytes.length - 1];
    for (const at of positions) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, flipped);
      const read = await outcome(store.load(id));
      assert.ok(
        read !== 'done' && ['DESERIALIZATION_ERROR', 'UNSUPPORTED_FORMAT'].includes(read.code),
        `bit at ${at}: ${String(read)}`,
      );
    }
    for (const length of [...positions, 0]) {
      writeFileSync(path, bytes.subarray(0, length));
      const read = await outcome(store.load(id));
      assert.ok(read !== 'done' && read.code === 'DESERIALIZATION_ERROR', `cut at ${length}: ${String(read)}`);
    }
    writeFileSync(path, bytes);
    expect((await store.save(old as WorkflowState)).checkpointVersion).toBe(2);
  });

  it.each(['data/xx', 'ids/xx', 'status/paused', 'status', 'data', 'ids', ''])(
    'the directory %s removed underneath: an error or a new beginning, never a lie',
    async (gone) => {
      const prepared = await setup(true);
      const { store, directory, id, neighbour } = prepared;
      rmSync(`${directory}/${gone.replace('xx', id.slice(0, 2))}`, { recursive: true });
      const there = gone.startsWith('ids') || gone.startsWith('status');
      expect((await store.find(neighbour))?.checkpointVersion).toBe(there ? 1 : undefined);
      const ended = await outcome(store.save(pause(input(id))));
      if (ended === 'done') {
        assert.equal((await store.load(id)).checkpointVersion, 1);
        assert.ok((await idsOf(store.list())).includes(id));
        assert.ok((await idsOf(store.listByStatus('paused'))).includes(id));
      } else {
        assert.equal(ended.code, 'STORAGE_ERROR');
        assert.equal(ended.instanceId, id);
        assert.ok(ended.recoveryHints.length > 0, ended.message);
        assert.equal(await store.find(id), undefined);
      }
      await store.close();
      // Opened again, it is a store.
      const again = await openStateStore(fileSystemBackendOn({ directory, leftoverAge: 0 }, new Seam().ops));
      const saved = await again.save(input(InstanceId.generate()));
      expect(await idsOf(again.list())).toContain(saved.instanceId);
    },
  );
});
