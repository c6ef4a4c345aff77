// Connections that break with a write under way: what a network does, and what no test on one machine shows by itself.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { isStateStoreError, newWorkflowState, openStateStore, type StateStore } from '@workflow-state/core';
import { postgresBackend } from '../src/index.js';
import { type Proxy, startProxy } from './proxy.js';

const fresh = () => newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' });

describe('a connection that breaks', () => {
  let proxy: Proxy;
  let store: StateStore;

  before(async () => {
    proxy = await startProxy(`${process.env['PGHOST']}/.s.PGSQL.5432`);
    const { host, port } = proxy;
    const schema = `lost_${randomUUID().replaceAll('-', '')}`;
    store = await openStateStore(postgresBackend({ schema, connection: { host, port } }));
  });
  after(async () => {
    await store.close();
    proxy.close();
  });

  for (const cut of ['request', 'reply'] as const) {
    it(`with the ${cut} of a save is not the end of that save, which is written once`, async () => {
      const saved = await store.save(fresh());
      proxy.cutNext(cut);
      const again = await store.save({ ...saved, workflowId: 'again' });
      assert.equal(again.checkpointVersion, 2);
      assert.deepEqual(await store.load(again.instanceId), again);
    });
  }

  it('leaves a create under way, which revives nothing when it lands after the delete', async () => {
    const input = fresh();
    proxy.cutNext('late');
    // Nothing is there, which proves nothing: it may have been written, deleted and swept.
    await assert.rejects(store.save(input), (error) => isStateStoreError(error) && error.code === 'OUTCOME_UNKNOWN');
    const saved = await store.save(input);
    assert.equal(await store.delete(saved.instanceId, { revision: saved.revision }), true);
    await proxy.deliver();
    assert.equal(await store.find(input.instanceId), undefined);
  });

  it('leaves a save under way, which overwrites nothing when it lands after others', async () => {
    const saved = await store.save(fresh());
    proxy.cutNext('late');
    const second = await store.save({ ...saved, workflowId: 'second' });
    const third = await store.save({ ...second, workflowId: 'third' });
    await proxy.deliver();
    assert.deepEqual(await store.load(saved.instanceId), third);
  });
});
