import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectBackend, serveBackend, validate } from '../../src/conformance/index.js';
import { InstanceId } from '../../src/instance-id.js';
import {
  isNotApplied,
  isRevisionConflict,
  NotApplied,
  RevisionConflict,
  type StateBackend,
  StateStoreError,
} from '../../src/state-backend.js';
import { ControlBackend, ControlSpace } from '../mutants/control-backend.js';
import { controlHarness } from '../mutants/control-harness.js';

const id = InstanceId.parse('0'.repeat(32));

describe('a backend behind a channel', () => {
  it('keeps the contract as it does without', { timeout: 60_000 }, async () => {
    const { peerProcess: _, ...harness } = controlHarness();
    const report = await validate(
      {
        ...harness,
        create: async () => {
          const space = new ControlSpace();
          return { space, backend: await overChannel(new ControlBackend(space)) };
        },
      },
      { only: [2, 3, 5, 6, 13] },
    );
    assert.deepEqual(report.red, [], report.toText());
  });

  it('has the methods of the one that is served, and no others', async () => {
    const least: StateBackend = {
      name: 'least',
      capabilities: new ControlBackend(new ControlSpace()).capabilities,
      read: async () => undefined,
      write: async () => undefined,
      scan: async function* () {},
    };
    const remote = await overChannel(least);
    expect(remote).toMatchObject({ name: 'least', capabilities: least.capabilities });
    for (const method of ['open', 'head', 'isCurrent', 'sweep']) expect(remote).not.toHaveProperty(method);
    await remote.close?.();
  });

  it('is told the time at which it sweeps', async () => {
    const backend = new ControlBackend(new ControlSpace());
    const told: unknown[] = [];
    backend.sweep = async (olderThan, { now }) => {
      told.push(olderThan, now);
      return { removed: 0, failures: [] };
    };
    const remote = await overChannel(backend);
    await remote.sweep?.(5, { now: 7 });
    expect(told).toEqual([5, 7]);
    await remote.close?.();
  });

  it('keeps the four endings of a write apart, with their causes', async () => {
    const endings = [
      new RevisionConflict('lost'),
      new NotApplied(Object.assign(new Error('disk full'), { code: 'ENOSPC' }), { comeAgain: { hint: 'h' } }),
      new StateStoreError('OUTCOME_UNKNOWN', 'fsync failed', { retryable: true, recoveryHints: ['load'] }),
      Object.assign(new Error('cut'), { code: 'ECONNRESET' }),
    ];
    const backend = new ControlBackend(new ControlSpace());
    backend.write = async () => {
      throw endings.shift();
    };
    const remote = await overChannel(backend);
    const ending = () =>
      remote.write({ id } as never, undefined, {}).then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(isRevisionConflict(await ending())).toBe(true);
    const notApplied = await ending();
    expect(isNotApplied(notApplied) && notApplied.comeAgain).toEqual({ hint: 'h' });
    expect((notApplied as Error).cause).toMatchObject({ message: 'disk full', code: 'ENOSPC' });
    expect(await ending()).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true, recoveryHints: ['load'] });
    const other = await ending();
    expect(other).toMatchObject({ message: 'cut', code: 'ECONNRESET' });
    expect(isNotApplied(other) || isRevisionConflict(other)).toBe(false);
  });

  it('is told of an abort', async () => {
    const backend = new ControlBackend(new ControlSpace());
    backend.read = (_, call) =>
      new Promise((__, reject) => call?.signal?.addEventListener('abort', () => reject(call.signal?.reason as Error)));
    const remote = await overChannel(backend);
    const controller = new AbortController();
    const reading = remote.read(id, { signal: controller.signal });
    controller.abort(new Error('gave up'));
    await expect(reading).rejects.toThrow('gave up');
  });

  it('ends a scan that is left early, and rejects every call once the channel is gone', async () => {
    let ended = false;
    const backend = new ControlBackend(new ControlSpace());
    backend.scan = async function* () {
      try {
        yield [{ id }];
        yield [{ id }];
      } finally {
        ended = true;
      }
    };
    const { port1, port2 } = new MessageChannel();
    serveBackend(port2, backend);
    const remote = await connectBackend(port1);
    for await (const _ of remote.scan({}, {})) break;
    expect(ended).toBe(true);
    port2.close();
    await new Promise((resolve) => port1.once('close', resolve));
    await expect(remote.read(id, {})).rejects.toThrow('the process with the backend is gone');
  });
});

async function overChannel(backend: StateBackend): Promise<StateBackend> {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  serveBackend(port2, backend);
  return connectBackend(port1);
}
