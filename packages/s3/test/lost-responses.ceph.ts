// On a real server: an answer that is lost after the request was applied does not make a failure of a success.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cancel, enterStage, openStateStore, type StateStore, type WorkflowState } from '@workflow-state/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Backend } from '../src/index.js';
import { type CuttingProxy, type Fate, startCuttingProxy } from './server/cutting-proxy.js';
import { realServer } from './server/real-server.js';
import { collect, run } from './world.js';

const real = realServer();
const prefix = `lost/${randomUUID()}`;
let proxy: CuttingProxy;
let cut: StateStore;
let direct: StateStore;

beforeAll(async () => {
  direct = await openStateStore(s3Backend({ bucket: real.bucket, prefix, client: real.connect() }));
  proxy = await startCuttingProxy(real.endpoint);
  // With the retries that an SDK client has by default: they must not get in the way.
  const client = real.connect({ endpoint: proxy.endpoint, maxAttempts: 3 });
  cut = await openStateStore(s3Backend({ bucket: real.bucket, prefix, client }));
});
afterAll(async () => {
  await direct.close();
  await proxy.close();
});

const waiting = (state: WorkflowState): WorkflowState => ({
  ...state,
  status: { kind: 'waiting', stage: 'pay', event: 'paid' },
});

const operations: Readonly<Record<string, (state: WorkflowState) => Promise<WorkflowState | boolean>>> = {
  create: () => cut.save(run()),
  save: (state) => cut.save(enterStage(state, 'pay')),
  'change of status': (state) => cut.save(waiting(state)),
  'terminal save': (state) => cut.save(cancel(state)),
  delete: ({ instanceId, revision }) => cut.delete(instanceId, { revision }),
  'create over a tombstone': async ({ instanceId }) => {
    await direct.delete(instanceId);
    return cut.save(run({ instanceId }));
  },
};

describe.each(Object.entries(operations))('%s', (_name, act) => {
  it.each(['lost answer', 'cut before'] as const)('succeeds with a %s at each of its requests', async (fate: Fate) => {
    for (let at = 1; ; at++) {
      const state = await direct.save(enterStage(await direct.save(run()), 'cart'));
      proxy.log.length = 0;
      proxy.decide = ({ number }) => (number === at ? fate : 'pass');
      const outcome = await act(state);
      proxy.decide = () => 'pass';
      if (outcome === true) assert.equal(await direct.find(state.instanceId), undefined);
      else if (outcome !== false) assert.deepEqual(await direct.load(outcome.instanceId), outcome);
      expect(outcome).not.toBe(false);
      if (proxy.log.length < at) break; // no such request: all of them were lost in turn
      expect(proxy.log[at - 1]?.fate).toBe(fate);
    }
  });
});

it('a save whose answer was lost after it was applied was applied once, and is found by its status', async () => {
  const state = await direct.save(run());
  proxy.log.length = 0;
  proxy.decide = ({ method, path }) =>
    method === 'PUT' && path.includes('/instances/') && proxy.log.length < 2 ? 'lost answer' : 'pass';
  const saved = await cut.save(waiting(state));
  proxy.decide = () => 'pass';
  const puts = proxy.log.filter(({ method, path }) => method === 'PUT' && path.includes('/instances/'));
  expect(puts).toMatchObject([{ fate: 'lost answer', status: 200 }]);
  expect(saved.checkpointVersion).toBe(2);
  expect(await direct.load(state.instanceId)).toEqual(saved);
  expect(await collect(direct.listByStatus('waiting'))).toContain(state.instanceId);
});
