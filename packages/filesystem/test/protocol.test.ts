import { isNotApplied, isRevisionConflict, type NotApplied, type StateStoreError } from '@workflow-state/core/backend';
import { existsSync, readFileSync, renameSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { created, following } from './support/records.js';
import { files, insist, listed, NO_CALL, opened, versionIn, write } from './support/store.js';

/** What a write ended with: done, conflict, again (come again), or the error. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (isRevisionConflict(error)) return 'conflict';
    if (isNotApplied(error)) return error.comeAgain === undefined ? error.cause : 'again';
    return error;
  }
}

const kinds = (directory: string): string[] =>
  files(directory)
    .map((path) =>
      path
        .replace(/[0-9a-f]{32}/g, 'ID')
        .replace(/data\/..\/|ids\/..\//, (at) => at.slice(0, 4))
        .replace(/\.[0-9a-f]{16}/g, ''),
    )
    .sort();

/** What one instance at rest leaves on the disk. */
const AT_REST = (version: number, marker: string): string[] =>
  [`data.ID.${version}.tok`, 'dataID', `ids/ID`, `status/${marker}`].sort();

describe('a writer killed at any call of', () => {
  const base = created('running');
  /** Calls of a save that enters a status, and what the instance is for the next reader after the death before each. */
  const cases = {
    save: { before: [base], next: following(base, 'waiting', { at: 3000 }) },
    'a save that keeps the status': { before: [base], next: following(base) },
    create: { before: [], next: base },
    delete: { before: [base], next: following(base, 'tombstone') },
  };
  for (const [name, { before, next }] of Object.entries(cases)) {
    it(`${name} leaves the old or the new state, and the next writer succeeds`, async () => {
      for (let step = 0; ; step++) {
        const first = await opened();
        for (const record of before) await write(first.backend, record);
        const death = first.seam.dieAt(step);
        const ended = await Promise.race([outcome(write(first.backend, next, before[0]?.revision)), death]);

        const second = await opened({ directory: first.directory, leftoverAge: 0 });
        const found = await versionIn(second.backend, base.id);
        const old = before.length === 0 ? undefined : 1;
        const now = next.revision.status === 'tombstone' ? undefined : next.revision.version;
        expect([old, now]).toContain(found);
        const where = [...(await listed(second.backend, 'running')), ...(await listed(second.backend, 'waiting'))];
        expect(found === undefined || where.includes(base.id)).toBe(true);

        // Whoever holds what can be read goes on from there.
        const stored = [...before, next].find(({ revision }) => revision.version === found);
        const make = (from: typeof stored) => () =>
          from === undefined ? created('paused', base.id) : following(from, 'paused');
        const saved = await outcome(insist(second.backend, make(stored), stored?.revision));
        // Committed but unpublished, or condemned: helped along, and then truly a conflict, once.
        expect(['done', 'conflict']).toContain(saved);
        if (saved === 'conflict') {
          const after = (await versionIn(second.backend, base.id)) === undefined ? undefined : next;
          await insist(second.backend, make(after), after?.revision);
        }
        expect(await listed(second.backend, 'paused')).toEqual([base.id]);

        const { failures } = await second.backend.sweep(0, NO_CALL);
        expect(failures).toEqual([]);
        const left = kinds(first.directory);
        expect(left).toHaveLength(4);
        expect(left.filter((path) => path.startsWith('status/'))).toHaveLength(1);
        expect(await listed(second.backend)).toEqual([base.id]);
        expect(await listed(second.backend, 'running')).toEqual([]);
        expect(await listed(second.backend, 'waiting')).toEqual([]);
        if (ended === 'done') break;
      }
    });
  }
});

describe('helping', () => {
  it('a reader sees the old state until publication, and the next writer publishes what its writer did not live to', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename tmp:2 data/);
    const second = following(first, 'waiting');
    const saving = outcome(write(one.backend, second, first.revision));
    await reached;
    expect(await versionIn(two.backend, first.id)).toBe(1);
    expect(await two.backend.isCurrent(first.id, first.revision, NO_CALL)).toBe(true);
    expect(await listed(two.backend, 'running')).toEqual([first.id]);

    expect(await outcome(write(two.backend, following(first), first.revision))).toBe('conflict');
    expect(await versionIn(two.backend, first.id)).toBe(2);
    expect(await listed(two.backend, 'running')).toEqual([]);
    // The sleeper wakes: its write was published for it.
    release();
    expect(await saving).toBe('done');
    expect(kinds(one.directory)).toEqual(AT_REST(2, 'waiting/ID.2.2000'));
  });

  it('a writer whose state was published for it and then superseded has succeeded all the same', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename tmp:2 data/);
    const second = following(first);
    const saving = outcome(write(one.backend, second, first.revision));
    await reached;
    await outcome(write(two.backend, following(first), first.revision));
    await write(two.backend, following(second), second.revision);
    release();
    expect(await saving).toBe('done');
    expect(await versionIn(two.backend, first.id)).toBe(3);
  });

  it('nor is it in doubt when others have gone several writes further', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename tmp:2 data/);
    let last = following(first);
    const saving = outcome(write(one.backend, last, first.revision));
    await reached;
    await outcome(write(two.backend, following(first), first.revision));
    for (let i = 0; i < 3; i++) {
      const next = following(last);
      await write(two.backend, next, last.revision);
      last = next;
    }
    release();
    expect(await saving).toBe('done');
  });

  it('a writer asleep whose write was taken back learns that it never happened, however far others have gone', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory, leftoverAge: 0 });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename tmp:2 data/);
    const saving = outcome(write(one.backend, following(first, 'waiting'), first.revision));
    await reached;
    for (const path of files(one.directory)) if (path.endsWith('.tmp')) rmSync(`${one.directory}/${path}`);
    let last = await insist(two.backend, () => following(first, 'paused'), first.revision);
    for (let i = 0; i < 3; i++) last = await insist(two.backend, () => following(last), last.revision);
    await two.backend.sweep(0, NO_CALL);
    release();
    expect(await saving).toBe('conflict');
    expect(await listed(two.backend, 'waiting')).toEqual([]);
    // What tells it so goes with the instance.
    await insist(two.backend, () => following(last, 'tombstone'), last.revision);
    await two.backend.sweep(0, NO_CALL);
    expect(files(one.directory)).toEqual([]);
  });

  it('never publishes a candidate twice: a writer asleep overwrites nothing', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename tok:1 tok:2/);
    const saving = outcome(write(one.backend, following(first), first.revision));
    await reached;
    const second = following(first, 'paused');
    await write(two.backend, second, first.revision);
    const third = following(second);
    await write(two.backend, third, second.revision);
    release();
    expect(await saving).toBe('conflict');
    expect(await versionIn(two.backend, first.id)).toBe(3);
    expect(kinds(one.directory)).toEqual(AT_REST(3, 'paused/ID.2.2000'));
  });

  it('rolls the token back when somebody removed the candidate of a dead writer', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached } = one.seam.stopAt(/^rename tmp:2 data/);
    void outcome(write(one.backend, following(first), first.revision));
    await reached;
    for (const path of files(one.directory)) if (path.endsWith('.tmp')) rmSync(`${one.directory}/${path}`);
    await insist(two.backend, () => following(first, 'paused'), first.revision);
    expect(await versionIn(two.backend, first.id)).toBe(2);
    expect(await listed(two.backend, 'paused')).toEqual([first.id]);
  });

  it('says "not written" when its own candidate was removed, and gives the token back', async () => {
    const { backend, seam, directory } = await opened();
    const first = created('running');
    await write(backend, first);
    seam.replaceAt(/^rename tmp:2 data/, (call, proceed) => {
      rmSync(String(call.args[0]));
      return proceed();
    });
    expect(await outcome(write(backend, following(first, 'paused'), first.revision))).toBe('again');
    expect(await versionIn(backend, first.id)).toBe(1);
    expect(await listed(backend, 'paused')).toEqual([]);
    await insist(backend, () => following(first, 'waiting'), first.revision);
    expect(await listed(backend, 'waiting')).toEqual([first.id]);
    expect(files(directory).filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });

  it('repairs a token that a power cut left one behind its data', async () => {
    const { backend, directory } = await opened();
    const first = created('running');
    await write(backend, first);
    const second = following(first);
    await write(backend, second, first.revision);
    const shard = `${directory}/data/${first.id.slice(0, 2)}`;
    renameSync(
      `${shard}/.${first.id}.2.${second.revision.nonce}.tok`,
      `${shard}/.${first.id}.1.${first.revision.nonce}.tok`,
    );
    await insist(backend, () => following(second), second.revision);
    expect(await versionIn(backend, first.id)).toBe(3);
  });

  it('names what is wrong when the token is missing, and writes nothing', async () => {
    const { backend, directory } = await opened();
    const first = created('running');
    await write(backend, first);
    rmSync(`${directory}/data/${first.id.slice(0, 2)}/.${first.id}.1.${first.revision.nonce}.tok`);
    const error = (await outcome(write(backend, following(first), first.revision))) as StateStoreError;
    expect(error).toMatchObject({ code: 'STORAGE_ERROR', message: expect.stringContaining('token') as string });
    expect(error.recoveryHints.join()).toContain('stop all that use the store');
    expect(await versionIn(backend, first.id)).toBe(1);
    expect(files(directory).filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });
});

describe('delete', () => {
  it('a deleter asleep across delete and re-create destroys nothing', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename data pit:1\/d/);
    const deleting = outcome(write(one.backend, following(first, 'tombstone'), first.revision));
    await reached;
    // Condemned already, so it is taken over; then the id lives again.
    expect(await outcome(write(two.backend, following(first, 'tombstone'), first.revision))).toBe('conflict');
    expect(await versionIn(two.backend, first.id)).toBeUndefined();
    const again = created('waiting', first.id);
    await write(two.backend, again);
    release();
    expect(await deleting).toBe('done');
    expect(await versionIn(two.backend, first.id)).toBe(1);
    await write(two.backend, following(again), again.revision);
    expect(kinds(one.directory)).toEqual(AT_REST(2, 'waiting/ID.1.1000'));
  });

  it('a finisher asleep before it strikes destroys nothing either', async () => {
    const one = await opened();
    const first = created('running');
    await write(one.backend, first);
    const dead = one.seam.stopAt(/^rename data pit:1\/d/);
    void outcome(write(one.backend, following(first, 'tombstone'), first.revision));
    await dead.reached;

    const two = await opened({ directory: one.directory });
    const asleep = two.seam.stopAt(/^rename data pit:1\/d/);
    const finishing = outcome(write(two.backend, following(first), first.revision));
    await asleep.reached;

    const three = await opened({ directory: one.directory });
    expect(await outcome(write(three.backend, following(first), first.revision))).toBe('conflict');
    await write(three.backend, created('paused', first.id));
    dead.release();
    asleep.release();
    expect(await finishing).toBe('conflict');
    expect(await versionIn(three.backend, first.id)).toBe(1);
    expect(await listed(three.backend, 'paused')).toEqual([first.id]);
  });

  it('a deleter asleep before it strikes is disabled by who takes over, before that one strikes', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const asleep = one.seam.stopAt(/^rename data pit/);
    const deleting = outcome(write(one.backend, following(first, 'tombstone'), first.revision));
    await asleep.reached;
    const struck = two.seam.stopAt(/^open data\/xx/);
    const finishing = outcome(write(two.backend, following(first), first.revision));
    await struck.reached;
    const three = await opened({ directory: one.directory });
    await write(three.backend, created('paused', first.id));
    asleep.release();
    expect(await deleting).toBe('done');
    struck.release();
    expect(await finishing).toBe('conflict');
    expect(await versionIn(three.backend, first.id)).toBe(1);
  });

  it('a finisher that takes over after the strike looks before it strikes', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const [before, after] = [one.seam.stopAt(/^rename data pit/), one.seam.stopAt(/^unlink dead:1/)];
    const deleting = outcome(write(one.backend, following(first, 'tombstone'), first.revision));
    await before.reached;
    // It has seen the condemned instance, and sleeps.
    const asleep = two.seam.stopAt(/^mkdir pit:1/);
    const finishing = outcome(write(two.backend, following(first), first.revision));
    await asleep.reached;
    before.release();
    await after.reached;
    const three = await opened({ directory: one.directory });
    await write(three.backend, created('paused', first.id));
    asleep.release();
    expect(await finishing).toBe('conflict');
    after.release();
    expect(await deleting).toBe('done');
    expect(await versionIn(three.backend, first.id)).toBe(1);
    expect(await listed(three.backend, 'paused')).toEqual([first.id]);
  });

  it('of a save and a delete from one revision, one wins', async () => {
    for (const pattern of [/^rename tok:1 dead:1/, /^mkdir/]) {
      const one = await opened();
      const two = await opened({ directory: one.directory });
      const first = created('running');
      await write(one.backend, first);
      const { reached, release } = one.seam.stopAt(pattern);
      const deleting = outcome(write(one.backend, following(first, 'tombstone'), first.revision));
      await reached;
      await write(two.backend, following(first), first.revision);
      release();
      expect(await deleting).toBe('conflict');
      expect(await versionIn(two.backend, first.id)).toBe(2);
      expect(files(one.directory).filter((path) => path.endsWith('/'))).toEqual([]);
    }
  });

  it('leaves no late writer a chance', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^link tok:1 waiting:2/);
    const saving = outcome(write(one.backend, following(first, 'waiting'), first.revision));
    await reached;
    await write(two.backend, following(first, 'tombstone'), first.revision);
    await write(two.backend, created('paused', first.id));
    release();
    expect(await saving).toBe('conflict');
    expect(kinds(one.directory)).toEqual(AT_REST(1, 'paused/ID.1.1000'));
  });
});

describe('sweep', () => {
  it('fences a writer asleep, who is asked to come again and then succeeds', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory, leftoverAge: 0 });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename tok:1 tok:2/);
    let attempts = 0;
    const saving = insist(one.backend, () => (attempts++, following(first, 'waiting', { at: 500 })), first.revision);
    await reached;
    const { removed, failures } = await two.backend.sweep(0, NO_CALL);
    expect(failures).toEqual([]);
    expect(removed).toBe(2); // candidate and marker
    expect(await two.backend.isCurrent(first.id, first.revision, NO_CALL)).toBe(true);
    release();
    await saving;
    expect(attempts).toBe(2);
    expect(kinds(one.directory)).toEqual(AT_REST(2, 'waiting/ID.2.500'));
  });

  it('ends a create asleep, which is asked to come again', async () => {
    for (const pattern of [
      /^create tok:1/,
      /^link tok:1 running/,
      /^link tok:1 id/,
      /^link tmp:1 data/,
      /^unlink tmp:1/,
    ]) {
      const one = await opened();
      const two = await opened({ directory: one.directory, leftoverAge: 0 });
      const { id } = created('running');
      const { reached, release } = one.seam.stopAt(pattern);
      const creating = insist(one.backend, () => created('running', id), undefined);
      await reached;
      expect((await two.backend.sweep(0, NO_CALL)).failures).toEqual([]);
      release();
      const record = await creating;
      await insist(two.backend, () => following(record), record.revision);
      expect(kinds(one.directory)).toEqual(AT_REST(2, 'running/ID.1.1000'));
    }
  });

  it('has ended every create it met before it decides that there is no instance', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory, leftoverAge: 0 });
    const { id } = created('running');
    const link = one.seam.stopAt(/^link tmp:1 data/);
    const creating = insist(one.backend, () => created('running', id), undefined);
    await link.reached;
    // The creator wakes when the sweep has seen that there is no data file, and not yet removed anything of what it noted.
    two.seam.replaceAt(
      /^unlink (?:tmp|tok):1/,
      async (_call, proceed) => {
        if (two.seam.texts.includes('open data')) {
          link.release();
          await creating;
        }
        return proceed();
      },
      Infinity,
    );
    await two.backend.sweep(0, NO_CALL);
    const record = await creating;
    await insist(one.backend, () => following(record), record.revision);
    expect(await versionIn(one.backend, id)).toBe(2);
  });

  it('leaves leftovers younger than their age alone', async () => {
    const one = await opened();
    const two = await opened({ directory: one.directory });
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename tok:1 tok:2/);
    const saving = outcome(write(one.backend, following(first), first.revision));
    await reached;
    expect(await two.backend.sweep(0, NO_CALL)).toEqual({ removed: 0, failures: [] });
    release();
    expect(await saving).toBe('done');
  });

  it('finishes the delete of the dead and publishes their saves', async () => {
    const { directory, seam, backend } = await opened();
    const saved = created('running');
    const deleted = created('running');
    await write(backend, saved);
    await write(backend, deleted);
    const stops = [seam.stopAt(/^rename tmp:2 data/), seam.stopAt(/^rename data pit/)];
    void outcome(write(backend, following(saved, 'paused'), saved.revision));
    void outcome(write(backend, following(deleted, 'tombstone'), deleted.revision));
    await Promise.all(stops.map(({ reached }) => reached));
    const two = await opened({ directory, leftoverAge: 0 });
    expect((await two.backend.sweep(0, NO_CALL)).failures).toEqual([]);
    expect(await versionIn(two.backend, saved.id)).toBe(2);
    expect(await versionIn(two.backend, deleted.id)).toBeUndefined();
    expect(kinds(directory)).toEqual(
      AT_REST(2, 'paused/ID.2.2000').map((path) => (path === 'data.ID.2.tok' ? path : path)),
    );
  });

  it('heals a marker and an entry that are missing', async () => {
    const { backend, directory } = await opened();
    const first = created('running');
    await write(backend, first);
    for (const path of files(directory)) if (/^(?:status|ids)\//.test(path)) rmSync(`${directory}/${path}`);
    expect(await listed(backend)).toEqual([]);
    await backend.sweep(0, NO_CALL);
    expect(await listed(backend)).toEqual([first.id]);
    expect(await listed(backend, 'running')).toEqual([first.id]);
    // Its writers notice nothing.
    await write(backend, following(first), first.revision);
    expect(await versionIn(backend, first.id)).toBe(2);
  });

  it('never touches names that are not ours', async () => {
    const { backend, directory } = await opened({ leftoverAge: 0 });
    const first = created('running');
    await write(backend, first);
    const foreign = [
      'README',
      'data/notes.txt',
      `data/${first.id.slice(0, 2)}/.swp`,
      `data/${first.id.slice(0, 2)}/${first.id}.bak`,
      'status/running/x',
      'ids/old',
    ];
    for (const path of foreign) {
      writeFileSync(`${directory}/${path}`, 'mine');
      utimesSync(`${directory}/${path}`, 1, 1);
    }
    await backend.sweep(0, NO_CALL);
    expect(await listed(backend)).toEqual([first.id]);
    expect(await listed(backend, 'running')).toEqual([first.id]);
    for (const path of foreign) expect(readFileSync(`${directory}/${path}`, 'utf8')).toBe('mine');
  });

  it('takes nothing amiss that an open removes meanwhile', async () => {
    const { backend, directory, seam } = await opened({ leftoverAge: 0 });
    for (const moment of ['times', 'unlink']) {
      const probe = `${directory}/.probe.00000000000000a${moment.length}`;
      writeFileSync(probe, '');
      seam.replaceAt(new RegExp(`^${moment} .*\\.probe\\.`), (_, proceed) => {
        unlinkSync(probe);
        return proceed();
      });
      expect(await backend.sweep(0, NO_CALL)).toEqual({ removed: 0, failures: [] });
    }
  });

  it('reports what it cannot examine, and goes on', async () => {
    const { backend, directory } = await opened({ leftoverAge: 0 });
    const bad = created('running');
    const other = created('running');
    await write(backend, bad);
    await write(backend, other);
    writeFileSync(`${directory}/data/${bad.id.slice(0, 2)}/${bad.id}`, 'torn');
    for (const record of [bad, other])
      writeFileSync(`${directory}/data/${record.id.slice(0, 2)}/.${record.id}.9.${'0'.repeat(15)}1.tmp`, '');
    const report = await backend.sweep(0, NO_CALL);
    expect(report.removed).toBe(1);
    expect(report.failures).toMatchObject([{ what: bad.id, error: { code: 'DESERIALIZATION_ERROR' } }]);
  });
});

describe('failures', () => {
  const full = { code: 'STORAGE_ERROR', message: expect.stringMatching(/ENOSPC/) as string, retryable: true };
  for (const pattern of [/^create tmp/, /^write/, /^fsync/, /^close/, /^link tok/, /^rename tok/, /^rename tmp/]) {
    it(`keeps the old state when the disk fills up at ${pattern.source} of a save`, async () => {
      const { backend, seam, directory } = await opened();
      const first = created('running');
      await write(backend, first);
      seam.failAt(pattern, 'ENOSPC');
      expect(await outcome(write(backend, following(first, 'waiting'), first.revision))).toMatchObject(full);
      expect(await versionIn(backend, first.id)).toBe(1);
      expect(await listed(backend, 'waiting')).toEqual([]);
      expect(files(directory)).toHaveLength(4);
      await insist(backend, () => following(first, 'waiting'), first.revision);
      expect(await versionIn(backend, first.id)).toBe(2);
    });
  }

  for (const pattern of [
    /^create tmp/,
    /^write/,
    /^fsync/,
    /^create tok/,
    /^link tok:1 running/,
    /^link tok:1 id/,
    /^link tmp/,
  ]) {
    it(`leaves nothing when the disk fills up at ${pattern.source} of a create`, async () => {
      const { backend, seam, directory } = await opened();
      // The shard and its fsyncs are there already.
      const neighbour = created('running');
      await write(backend, neighbour);
      await write(backend, following(neighbour, 'tombstone'), neighbour.revision);
      const first = created('running', neighbour.id);
      seam.failAt(pattern, 'ENOSPC');
      expect(await outcome(write(backend, first))).toMatchObject(full);
      expect(await versionIn(backend, first.id)).toBeUndefined();
      expect(files(directory)).toEqual([]);
    });
  }

  for (const pattern of [/^mkdir/, /^rename tok/]) {
    it(`deletes nothing when the disk fills up at ${pattern.source}`, async () => {
      const { backend, seam, directory } = await opened();
      const first = created('running');
      await write(backend, first);
      seam.failAt(pattern, 'ENOSPC');
      expect(await outcome(write(backend, following(first, 'tombstone'), first.revision))).toMatchObject(full);
      expect(await versionIn(backend, first.id)).toBe(1);
      expect(files(directory)).toHaveLength(4);
    });
  }

  it('writes on until every byte is accepted', async () => {
    const { backend, seam } = await opened();
    const first = created('running', undefined, { bodyBytes: 5000 });
    let writes = 0;
    const { writeSync } = await import('node:fs');
    seam.replaceAt(
      /^write/,
      ({ args: [handle, bytes, offset] }) => {
        writes++;
        return writeSync(
          handle as number,
          bytes as Uint8Array,
          offset as number,
          Math.min(1000, (bytes as Uint8Array).length - (offset as number)),
          offset as number,
        );
      },
      Infinity,
    );
    await write(backend, first);
    expect(writes).toBe(6);
    expect((await backend.read(first.id, NO_CALL))?.envelope).toEqual(first.envelope);
  });

  it('gives up on a filesystem that accepts nothing and reports nothing', async () => {
    const { backend, seam } = await opened();
    seam.replaceAt(/^write/, () => 0, Infinity);
    expect(await outcome(write(backend, created('running')))).toMatchObject({ code: 'STORAGE_ERROR' });
  });

  it('never syncs a file again whose fsync failed', async () => {
    const { backend, seam } = await opened();
    const first = created('running');
    await write(backend, first);
    seam.forget();
    seam.failAt(/^fsync/, 'EIO');
    expect(await outcome(write(backend, following(first), first.revision))).toMatchObject({ code: 'STORAGE_ERROR' });
    expect(seam.texts).toEqual(['create tmp:2', 'write', 'fsync', 'close', 'unlink tmp:2']);
  });

  it('a failed fsync of the shard is an unknown outcome, and closes the handle', async () => {
    for (const build of [
      (first: ReturnType<typeof created>) => following(first),
      (first: ReturnType<typeof created>) => following(first, 'tombstone'),
    ]) {
      const { backend, seam } = await opened();
      const first = created('running');
      await write(backend, first);
      seam.forget();
      const next = build(first);
      let syncs = next.revision.status === 'tombstone' ? 1 : 0;
      seam.replaceAt(
        /^fsync/,
        (_call, proceed) => {
          if (syncs++ === 0) return proceed();
          throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
        },
        2 - syncs,
      );
      expect(await outcome(write(backend, next, first.revision))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      expect(seam.texts.at(-1)).toBe('close');
      seam.forget();
      await write(backend, created('running', `${first.id.slice(0, 2)}${'1'.repeat(30)}` as typeof first.id));
      expect(seam.texts.slice(-2)).toEqual(['open data/xx', 'fsync']);
    }
  });

  it('a commit that reported an error but was made is completed', async () => {
    const { backend, seam } = await opened();
    const first = created('running');
    await write(backend, first);
    seam.replaceAt(/^rename tok:1 tok:2/, (_call, proceed) => {
      proceed();
      throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
    });
    await write(backend, following(first), first.revision);
    expect(await versionIn(backend, first.id)).toBe(2);
  });

  it('a create that reported an error but was made is completed', async () => {
    const { backend, seam } = await opened();
    seam.replaceAt(/^link tmp:1 data/, (_call, proceed) => {
      proceed();
      throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
    });
    const first = created('running');
    await write(backend, first);
    await write(backend, following(first), first.revision);
    expect(await versionIn(backend, first.id)).toBe(2);
  });
});

describe('abort', () => {
  it('before the commit: nothing is written and nothing stays', async () => {
    for (const pattern of [/^create tmp/, /^fsync/, /^link tok:1 (?:waiting|id)/, /^mkdir pit/]) {
      const { backend, seam, directory } = await opened();
      const first = created('running');
      const abort = new AbortController();
      const abortIn = (): void =>
        seam.replaceAt(pattern, (_call, proceed) => {
          abort.abort(new Error('enough'));
          return proceed();
        });
      if (pattern.source.includes('id)')) await write(backend, first);
      if (pattern.source.includes('mkdir')) await write(backend, first);
      abortIn();
      const there = files(directory).length;
      const next =
        there === 0
          ? first
          : pattern.source.includes('mkdir')
            ? following(first, 'tombstone')
            : following(first, 'waiting');
      const ending = await backend
        .write(next, there === 0 ? undefined : first.revision, { signal: abort.signal })
        .catch((error: unknown) => error);
      expect(isNotApplied(ending) && (ending as NotApplied).cause).toMatchObject({ message: 'enough' });
      expect(files(directory)).toHaveLength(there);
    }
  });

  it('after the commit: completes and tells the truth', async () => {
    const { backend, seam } = await opened();
    const first = created('running');
    await write(backend, first);
    const abort = new AbortController();
    seam.replaceAt(/^rename tok:1 tok:2/, (_call, proceed) => {
      abort.abort();
      return proceed();
    });
    await backend.write(following(first), first.revision, { signal: abort.signal });
    expect(await versionIn(backend, first.id)).toBe(2);
  });
});

describe('a revision from outside', () => {
  it('names no path', async () => {
    const { backend, directory } = await opened();
    const first = created('running');
    await write(backend, first);
    const target = `${directory}/format`;
    await write(backend, following(first), { ...first.revision, hint: '/../../../format' });
    expect(existsSync(target)).toBe(true);
    expect(await versionIn(backend, first.id)).toBe(2);
  });
});
