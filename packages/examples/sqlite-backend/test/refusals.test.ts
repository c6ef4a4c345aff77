// What the suite cannot know of SQLite: whose file it is, and what a busy one means.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isStateStoreError, newWorkflowState, openStateStore, type StateStoreErrorCode } from '@workflow-state/core';
import { forkBackend } from '@workflow-state/core/conformance';
import Database from 'better-sqlite3';
import { sqliteBackend } from '../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'sqlite-backend-'));
after(() => rmSync(directory, { recursive: true }));

const fresh = () => newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

function refusedWith(call: Promise<unknown>, code: StateStoreErrorCode): Promise<void> {
  return assert.rejects(call, (error) => isStateStoreError(error) && error.code === code);
}

describe('a SQLite file', () => {
  it('that is new may be opened by any number of processes at once', async () => {
    const file = join(directory, 'contended.db');
    const peers = await Promise.all(
      Array.from({ length: 6 }, () => forkBackend(new URL('./peer-process.js', import.meta.url), [file])),
    );
    try {
      const stores = await Promise.all(peers.map(({ backend }) => openStateStore(backend)));
      const { instanceId } = await stores[0]!.save(fresh());
      assert.equal((await stores[5]!.load(instanceId)).checkpointVersion, 1);
    } finally {
      for (const { dispose } of peers) await dispose?.();
    }
  });

  it('of something else is refused, and left as it was', async () => {
    const file = join(directory, 'other.db');
    new Database(file).exec('CREATE TABLE customer (name TEXT)').close();
    const before = readFileSync(file);
    await refusedWith(openStateStore(sqliteBackend({ file })), 'INVALID_ARGUMENT');
    assert.deepEqual(readFileSync(file), before);
  });

  it('of a newer release is refused', async () => {
    const file = join(directory, 'newer.db');
    await (await openStateStore(sqliteBackend({ file }))).close();
    new Database(file).exec('PRAGMA user_version = 2').close();
    await refusedWith(openStateStore(sqliteBackend({ file })), 'UNSUPPORTED_FORMAT');
  });

  it('that a writer does not let go makes a save fail, provably not written, and worth another try', async () => {
    const file = join(directory, 'busy.db');
    const store = await openStateStore(sqliteBackend({ file }));
    const saved = await store.save(fresh());
    const writer = new Database(file);
    writer.exec('BEGIN IMMEDIATE');
    await assert.rejects(
      store.save(saved),
      (error) => isStateStoreError(error) && error.code === 'STORAGE_ERROR' && error.retryable,
    );
    writer.close();
    assert.equal((await store.save(saved)).checkpointVersion, 2);
    await store.close();
  });
});
