import { type InstanceId, isNotApplied, isRevisionConflict } from '@workflow-state/core/backend';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { created, following } from './support/records.js';
import { files, listed, NO_CALL, opened, type Opened, versionIn, write } from './support/store.js';

const GARBAGE = new TextEncoder().encode('garbage');
const pathOf = (directory: string, id: InstanceId): string => `${directory}/data/${id.slice(0, 2)}/${id}`;

async function damagedStore(bytes = GARBAGE) {
  const one = await opened();
  const record = created('running');
  await write(one.backend, record);
  writeFileSync(pathOf(one.directory, record.id), bytes);
  return { ...one, record, id: record.id, damaged: { damaged: true, envelope: bytes } as const };
}

const tombstone = (record: ReturnType<typeof created>) => following(record, 'tombstone');

async function ending(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'done',
    (error: unknown) => (isRevisionConflict(error) ? 'conflict' : isNotApplied(error) ? error.cause : error),
  );
}

describe('a damaged record', () => {
  it('is read as it is, and deleted with everything that belonged to it', async () => {
    const { backend, directory, id, record, damaged } = await damagedStore();
    expect((await backend.read(id, NO_CALL))?.envelope).toEqual(GARBAGE);
    await write(backend, tombstone(record), damaged);
    expect(await backend.read(id, NO_CALL)).toBeUndefined();
    expect(files(directory)).toEqual([]);
  });

  it('is overwritten, and the new one can be saved', async () => {
    const { backend, id, damaged } = await damagedStore();
    const next = created('waiting', id);
    await write(backend, next, damaged);
    await write(backend, following(next), next.revision);
    expect(await versionIn(backend, id)).toBe(2);
    expect(await listed(backend, 'running')).toEqual([]);
    expect(await listed(backend, 'waiting')).toEqual([id]);
    expect(await listed(backend)).toEqual([id]);
  });

  it('stays when its bytes are others by now', async () => {
    const { backend, directory, id, record } = await damagedStore();
    expect(await ending(write(backend, tombstone(record), { damaged: true, envelope: new Uint8Array(3) }))).toBe(
      'conflict',
    );
    expect(readFileSync(pathOf(directory, id))).toEqual(Buffer.from(GARBAGE));
  });

  it('stays when a writer who knew its revision mends it first', async () => {
    for (const pattern of [/^rename tok:1 tok:1\+turn/, /^mkdir/]) {
      const one = await damagedStore();
      const two = await opened({ directory: one.directory });
      const { reached, release } = one.seam.stopAt(pattern);
      const deleting = ending(write(one.backend, tombstone(one.record), one.damaged));
      await reached;
      await write(two.backend, following(one.record), one.record.revision);
      release();
      expect(await deleting).toBe('conflict');
      expect(await versionIn(two.backend, one.id)).toBe(2);
    }
  });

  it('cannot be saved over by a writer whose token was taken for the delete', async () => {
    const one = await damagedStore();
    const two = await opened({ directory: one.directory });
    const { reached, release } = one.seam.stopAt(/^rename tok:1\+turn dead:1/);
    const deleting = ending(write(one.backend, tombstone(one.record), one.damaged));
    await reached;
    expect(await ending(write(two.backend, following(one.record), one.record.revision))).toMatchObject({
      code: 'DESERIALIZATION_ERROR',
    });
    release();
    expect(await deleting).toBe('done');
    expect(await versionIn(two.backend, one.id)).toBeUndefined();
  });

  it('is published over when a committed write was waiting', async () => {
    const one = await opened();
    const first = created('running');
    await write(one.backend, first);
    const { reached } = one.seam.stopAt(/^rename tmp:2 data/);
    void ending(write(one.backend, following(first), first.revision));
    await reached;
    writeFileSync(pathOf(one.directory, first.id), GARBAGE);
    const two = await opened({ directory: one.directory });
    expect(await ending(write(two.backend, tombstone(first), { damaged: true, envelope: GARBAGE }))).toBe('conflict');
    expect(await versionIn(two.backend, first.id)).toBe(2);
  });

  it('is removed although a delete of it died half way', async () => {
    const one = await opened();
    const first = created('running');
    await write(one.backend, first);
    const { reached, release } = one.seam.stopAt(/^rename data pit/);
    const dead = ending(write(one.backend, tombstone(first), first.revision));
    await reached;
    writeFileSync(pathOf(one.directory, first.id), GARBAGE);
    const two = await opened({ directory: one.directory });
    await write(two.backend, tombstone(first), { damaged: true, envelope: GARBAGE });
    const again = created('paused', first.id);
    await write(two.backend, again);
    release();
    expect(await dead).toBe('done');
    expect(await versionIn(two.backend, first.id)).toBe(1);
    expect(await listed(two.backend, 'paused')).toEqual([first.id]);
  });

  it('two who remove it, asleep at any call, destroy no re-creation', async () => {
    for (let step = 0; ; step++) {
      const one = await damagedStore();
      const { reached, release } = one.seam.stopAt(step);
      const sleeper = ending(write(one.backend, tombstone(one.record), one.damaged));
      const stopped = await Promise.race([reached.then(() => true), sleeper.then(() => false)]);

      const two: Opened = await opened({ directory: one.directory });
      const other = await ending(write(two.backend, tombstone(one.record), one.damaged));
      expect(['done', 'conflict']).toContain(other);
      const again = created('paused', one.id);
      await write(two.backend, again);
      release();
      const slept = await sleeper;
      expect(['done', 'conflict']).toContain(slept);
      expect([other, slept]).toContain('done');
      expect(await versionIn(two.backend, one.id)).toBe(1);
      // The sleeper's sweep may have given the token a turn: core comes again.
      const next = following(again);
      const hint = await write(two.backend, next, again.revision).then(
        () => undefined,
        (error: unknown) => (isNotApplied(error) ? error.comeAgain?.hint : undefined),
      );
      if (hint !== undefined) await write(two.backend, following(again), { ...again.revision, hint });
      expect(await versionIn(two.backend, one.id)).toBe(2);
      if (!stopped) break;
    }
  });

  it('one asleep before it strikes is disabled by who takes over, before that one strikes', async () => {
    const one = await damagedStore();
    const two = await opened({ directory: one.directory });
    const asleep = one.seam.stopAt(/^rename data pit/);
    const first = ending(write(one.backend, tombstone(one.record), one.damaged));
    await asleep.reached;
    const struck = two.seam.stopAt(/^open data\/xx/);
    const second = ending(write(two.backend, tombstone(one.record), one.damaged));
    await struck.reached;
    const three = await opened({ directory: one.directory });
    await write(three.backend, created('paused', one.id));
    asleep.release();
    expect(await first).toBe('done');
    struck.release();
    expect(await second).toBe('done');
    expect(await versionIn(three.backend, one.id)).toBe(1);
  });

  it('names the remedy when its token is missing too, and removes nothing', async () => {
    const { backend, directory, id, record, damaged } = await damagedStore();
    for (const path of files(directory)) if (path.endsWith('.tok')) rmSync(`${directory}/${path}`);
    const error = await ending(write(backend, tombstone(record), damaged));
    expect(error).toMatchObject({
      code: 'STORAGE_ERROR',
      recoveryHints: [expect.stringContaining('stop all that use the store') as string],
    });
    expect((await backend.read(id, NO_CALL))?.envelope).toEqual(GARBAGE);
  });
});
