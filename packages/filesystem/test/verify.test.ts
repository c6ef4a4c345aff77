// Leftovers are made by hand here, as crashes leave them; that crashes leave nothing else is for the simulated disk.

import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { openStateStore, InstanceId, newWorkflowState, type StateStore } from '@workflow-state/core';
import { copyStore, diagnoseStore, verifyStore } from '@workflow-state/core/maintenance';
import type { BackendFinding, Diagnosis } from '@workflow-state/core/backend';
import { describe, expect, it } from 'vitest';
import { fileSystemBackend } from '../src/index.js';
import { freshDirectory } from './support/place.js';
import { created, following } from './support/records.js';
import { insist, listed, NO_CALL, opened, versionIn, write } from './support/store.js';

const NONCE = '0123456789abcdef';

async function verified(backend: Awaited<ReturnType<typeof opened>>['backend']): Promise<BackendFinding[]> {
  const found: BackendFinding[] = [];
  for await (const finding of backend.verify?.(NO_CALL) ?? []) found.push(finding);
  return found;
}

describe('verify', () => {
  it('finds nothing wrong with what operations leave', async () => {
    const { backend } = await opened({ leftoverAge: 0 });
    const first = created('running');
    await write(backend, first);
    const second = following(first, 'completed');
    await write(backend, second, first.revision);
    await write(backend, following(second), second.revision);
    const other = created('waiting');
    await write(backend, other);
    await write(backend, following(other, 'tombstone'), other.revision);
    await write(backend, created('running', InstanceId.generate(), { version: 5 }));
    expect(await verified(backend)).toEqual([]);
  });

  it('names each kind of leftover once it is old enough, and never sooner', async () => {
    for (const leftoverAge of [0, 3_600_000]) {
      const { backend, directory } = await opened({ leftoverAge });
      const record = created('running');
      await write(backend, record);
      const { id } = record;
      const shard = `${directory}/data/${id.slice(0, 2)}`;
      const names = [`.${id}.2.${NONCE}.tmp`, `.${id}.1.${NONCE}.tok`, `.${id}.1.${NONCE}.${NONCE}.dead`];
      for (const name of names) writeFileSync(`${shard}/${name}`, '');
      mkdirSync(`${shard}/.${id}.1.${NONCE}.${NONCE}.pit`);
      linkSync(`${shard}/${names[1]}`, `${directory}/ids/${id.slice(0, 2)}/${id}.${NONCE}`);
      writeFileSync(`${directory}/status/running/${id}.9.${NONCE}.5`, '');
      const kinds = (await verified(backend)).map(({ kind, what }) => `${kind} ${what.slice(directory.length + 1)}`);
      const stale = `stale-index status/running/${id}.9.${NONCE}.5`;
      expect(kinds.sort()).toEqual(
        leftoverAge > 0
          ? [stale]
          : [
              ...names.map((name) => `leftover data/${id.slice(0, 2)}/${name}`),
              `leftover data/${id.slice(0, 2)}/.${id}.1.${NONCE}.${NONCE}.pit`,
              `stale-index ids/${id.slice(0, 2)}/${id}.${NONCE}`,
              stale,
            ].sort(),
      );
      if (leftoverAge > 0) continue;
      await backend.sweep(0, NO_CALL);
      expect(await verified(backend)).toEqual([]);
    }
  });

  it('tells an instance without its token, and one without its entry', async () => {
    const { backend, directory } = await opened();
    const [stuck, unlisted] = [created('running'), created('running')];
    for (const record of [stuck, unlisted]) await write(backend, record);
    const shard = `${directory}/data/${stuck.id.slice(0, 2)}`;
    for (const name of readdirSync(shard)) if (name.startsWith(`.${stuck.id}`)) rmSync(`${shard}/${name}`);
    rmSync(`${directory}/ids/${unlisted.id.slice(0, 2)}/${unlisted.id}.${unlisted.revision.incarnation}`);
    const found = await verified(backend);
    expect(found.map(({ kind, instanceId }) => `${kind} ${instanceId}`).sort()).toEqual(
      [`stuck ${stuck.id}`, `missing-index ${unlisted.id}`].sort(),
    );
    await backend.sweep(0, NO_CALL);
    expect((await verified(backend)).map(({ kind }) => kind)).toEqual(['stuck']);
  });

  it('names what is not ours in every directory, a record in the wrong shard among them', async () => {
    const { backend, directory } = await opened();
    const record = created('running', `aa${'0'.repeat(30)}` as InstanceId);
    await write(backend, record);
    mkdirSync(`${directory}/data/bb`);
    renameSync(`${directory}/data/aa/${record.id}`, `${directory}/data/bb/${record.id}`);
    const foreign = ['notes.txt', 'data/x', 'ids/x', 'status/x', 'status/running/x', 'data/aa/x', 'ids/aa/x'];
    for (const name of foreign) writeFileSync(`${directory}/${name}`, '');
    const found = (await verified(backend)).filter(({ kind }) => kind === 'foreign');
    expect(found.map(({ what }) => what.slice(directory.length + 1)).sort()).toEqual(
      [...foreign, `data/bb/${record.id}`].sort(),
    );
  });
});

describe('a copy from another store', () => {
  it('is created at its version, saved and deleted, whoever tries first', async () => {
    const { backend } = await opened();
    const copy = created('waiting', InstanceId.generate(), { version: 5 });
    await write(backend, copy);
    expect(await listed(backend, 'waiting')).toEqual([copy.id]);
    let base = copy;
    base = await insist(backend, () => following(copy, 'running'), copy.revision);
    expect(await versionIn(backend, copy.id)).toBe(6);
    base = await insist(backend, () => following(base, 'failed'), base.revision);
    await insist(backend, () => following(base, 'tombstone'), base.revision);
    expect(await listed(backend)).toEqual([]);
  });

  it('leaves nothing that a later instance of that id would take for its own, when it was killed before it was there', async () => {
    const { backend, directory } = await opened({ leftoverAge: 0 });
    const id = InstanceId.generate();
    const copy = created('running', id, { version: 2 });
    const shard = `${directory}/data/${id.slice(0, 2)}`;
    for (const parent of ['ids', 'data']) mkdirSync(`${directory}/${parent}/${id.slice(0, 2)}`);
    // As if it had died there: names of a create at version 2, and no data file.
    writeFileSync(`${shard}/.${id}.1.${copy.revision.nonce}.tmp`, copy.envelope);
    writeFileSync(`${shard}/.${id}.2.${copy.revision.nonce}.${copy.revision.nonce}.tok`, '');
    const first = created('running', id);
    await write(backend, first);
    const second = await insist(backend, () => following(first), first.revision);
    const third = await insist(backend, () => following(second), second.revision);
    expect(await versionIn(backend, id)).toBe(third.revision.version);
    await backend.sweep(0, NO_CALL);
    expect(readdirSync(shard).filter((name) => name.includes(copy.revision.nonce))).toEqual([]);
  });

  it('from store to store leaves stores in which nothing is wrong', async () => {
    const open = async (): Promise<StateStore> => openStateStore(fileSystemBackend({ directory: freshDirectory() }));
    const [from, to] = [await open(), await open()];
    for (let i = 0; i < 20; i++) {
      const state = await from.save(
        newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 'a' }),
      );
      if (i % 2 === 0) await from.save({ ...state, status: { kind: 'cancelled' } });
    }
    for await (const { error } of copyStore(from, to)) expect(error).toBeUndefined();
    for (const store of [from, to]) for await (const finding of verifyStore(store)) expect(finding).toBeUndefined();
    expect(await to.count('cancelled')).toBe(10);
    for (const store of [from, to]) await store.close();
  });
});

describe('a place that must be a store already', () => {
  it.each(['nowhere', '.', 'file/below'])('refuses %s, and makes nothing there', async (name) => {
    const parent = freshDirectory();
    writeFileSync(`${parent}/file`, '');
    const backend = fileSystemBackend({ directory: `${parent}/${name}` });
    await expect(openStateStore(backend, { create: false })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('there is no store in'),
    });
    expect(readdirSync(parent)).toEqual(['file']);
  });

  it('is opened where it is one', async () => {
    const directory = freshDirectory();
    await (await openStateStore(fileSystemBackend({ directory }))).close();
    const again = await openStateStore(fileSystemBackend({ directory }), { create: false });
    expect(await again.count()).toBe(0);
    await again.close();
  });
});

describe('diagnosis', () => {
  const diagnosed = async (options: Parameters<typeof opened>[0], type?: number): Promise<Diagnosis[]> => {
    const { backend, directory } = await opened(options, type);
    const before = readdirSync(directory);
    const found: Diagnosis[] = [];
    for await (const diagnosis of diagnoseStore(await openStateStore(backend))) found.push(diagnosis);
    expect(readdirSync(directory)).toEqual(before);
    return found;
  };

  it('finds nothing wrong on a local disk, and leaves nothing', async () => {
    const found = await diagnosed({ directory: freshDirectory('/tmp') });
    expect(found.map(({ what, verdict }) => `${what} ${verdict}`)).toEqual([
      'rights ok',
      'renames, links ok',
      'clock ok',
      'durability ok',
      'space ok',
    ]);
  });

  it('doubts what memory keeps, unless nothing more is asked for', async () => {
    const durability = async (options: object): Promise<Diagnosis | undefined> =>
      (await diagnosed({ directory: freshDirectory('/dev/shm'), ...options })).find(
        ({ what }) => what === 'durability',
      );
    expect(await durability({})).toMatchObject({ verdict: 'doubtful', remedy: expect.stringContaining('disk') });
    expect(await durability({ durability: 'process' })).toMatchObject({ verdict: 'ok' });
  });

  it('names what fails, and the remedy', async () => {
    const { backend, seam } = await opened();
    seam.failAt(/^fsync/, 'EIO');
    const found: Diagnosis[] = [];
    for await (const diagnosis of backend.diagnose?.(NO_CALL) ?? []) found.push(diagnosis);
    expect(found).toContainEqual(
      expect.objectContaining({ verdict: 'broken', remedy: expect.stringContaining('the device reports errors') }),
    );
  });
});
