// An operation sends nothing once 15 minutes have passed since it began, by either clock; also not by the SDK's retries.
import { enterStage, openStateStore, type StateStore, type WorkflowState } from '@workflow-state/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Bucket } from '../src/bucket.js';
import { Operation } from '../src/deadline.js';
import { s3Backend } from '../src/index.js';
import { connect } from './server/connect.js';
import { pass, type RequestHandler } from './server/faults.js';
import { type S3Server, startS3Server } from './server/s3-server.js';
import { bucket, expectIndexed, run, stored, storeOn } from './world.js';

const MINUTE = 60_000;
let server: S3Server;
let store: StateStore;
let state: WorkflowState;

beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  server = await startS3Server();
  store = await storeOn(server);
  state = await store.save(enterStage(await store.save(run()), 'cart'));
  server.clearLog();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await server.close();
});

const waiting = (): WorkflowState => ({ ...state, status: { kind: 'waiting', stage: 'pay', event: 'paid' } });

/** The process is frozen while its request with that number is under way. */
function freezeAt(number: number, clock: 'Date' | 'performance', fault: ReturnType<RequestHandler>): RequestHandler {
  return (request) => {
    if (request.number !== number) return pass;
    vi.useFakeTimers({ toFake: [clock], now: Date.now() });
    vi.advanceTimersByTime(16 * MINUTE); // the faked performance begins at 0
    return fault;
  };
}

describe.each(['Date', 'performance'] as const)('by %s', (clock) => {
  it('a writer that slept between its marker and its object writes nothing', async () => {
    server.onRequest(freezeAt(1, clock, pass));
    await expect(store.save(waiting())).rejects.toMatchObject({ code: 'STORAGE_ERROR', retryable: true });
    expect(server.log.map(({ operation, key }) => `${operation} ${key.split('/')[0]}`)).toEqual(['PutObject status']);
    expect(stored(server).get(state.instanceId)?.version).toBe(2);
  });

  it('a writer that slept while its object was under way does not ask again: the outcome is not known', async () => {
    server.onRequest(freezeAt(1, clock, { kind: 'cutBefore' }));
    await expect(store.save(enterStage(state, 'pay'))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(server.log.length).toBe(1);
    expectIndexed(server);
  });
});

describe('a client that retries by itself', () => {
  it('is kept to one copy per attempt, however many it would send', async () => {
    const eager = await openStateStore(
      s3Backend({ bucket, client: connect(server, { maxAttempts: 7, retryMode: 'standard' }) }),
    );
    server.clearLog();
    server.onRequest(({ number }) => (number === 1 ? { kind: 'lostAfter' } : pass));
    const saved = await eager.save(enterStage(state, 'pay'));
    expect(saved.checkpointVersion).toBe(3);
    expect(server.log.map(({ operation }) => operation)).toEqual(['PutObject', 'GetObject']);
  });

  it('is kept to one copy of the DELETE that must not be repeated, also by a strategy of its own', async () => {
    const client = connect(server);
    const retryStrategy = {
      mode: 'always',
      async retry<T>(next: (args: T) => Promise<unknown>, args: T): Promise<unknown> {
        try {
          return await next(args);
        } catch {
          return next(args);
        }
      },
    };
    (client.config as { retryStrategy: unknown }).retryStrategy = async () => retryStrategy;
    server.onRequest(() => ({ kind: 'cutBefore' }));
    const answer = await new Bucket(client, bucket, 5000).delete('instances/x', undefined, new Operation());
    expect(answer.kind).toBe('doubt');
    expect(server.log.length).toBe(1);
  });
});
