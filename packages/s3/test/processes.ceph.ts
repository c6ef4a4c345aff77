// Eight processes save one instance as fast as they can: there are as many successes as versions, and nothing is lost.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { decodeJson, encodeJson, openStateStore } from '@workflow-state/core';
import { expect, it } from 'vitest';
import { s3Backend } from '../src/index.js';
import { realServer } from './server/real-server.js';
import { collect, run } from './world.js';

const PROCESSES = 8;
const ROUNDS = 25;

interface Report {
  readonly successes: readonly { readonly version: number; readonly revision: string }[];
  readonly conflicts: number;
  /** The gateway answers some losers of a race with 500; where two saves have hidden the answer, that stays open. */
  readonly unknown: number;
  readonly others: readonly string[];
}

it('eight processes on one instance: as many successes as versions', { timeout: 120_000 }, async () => {
  const real = realServer();
  const prefix = `processes/${randomUUID()}`;
  const store = await openStateStore(s3Backend({ bucket: real.bucket, prefix, client: real.connect() }));
  const { instanceId } = await store.save(run({ state: { count: encodeJson(0) } }));

  const child = fileURLToPath(new URL('./support/saver.mjs', import.meta.url));
  const reports = await Promise.all(
    Array.from({ length: PROCESSES }, async () => {
      const process = fork(child, [prefix, instanceId, String(ROUNDS)], { execArgv: [] });
      return new Promise<Report>((resolve, reject) => {
        process.once('message', (message) => resolve(message as Report));
        process.once('error', reject);
        process.once('exit', (code) => reject(new Error(`a saver ended with ${code}`)));
      });
    }),
  );

  const successes = reports.flatMap((report) => report.successes);
  const conflicts = reports.reduce((sum, report) => sum + report.conflicts, 0);
  expect(reports.flatMap((report) => report.others)).toEqual([]);
  expect(conflicts).toBeGreaterThan(0); // or they did not race
  const last = await store.load(instanceId);
  expect(last.checkpointVersion).toBe(successes.length + 1);
  expect(decodeJson(last.state['count'] ?? new Uint8Array())).toBe(successes.length);
  expect(successes.map(({ version }) => version).sort((a, b) => a - b)).toEqual(successes.map((_, index) => index + 2));
  // Half of the saves changed the status: the index has exactly one entry, after a sweep.
  await store.cleanup({ days: 1000 });
  const kinds = ['initializing', 'running', 'waiting', 'paused'] as const;
  const listed = await Promise.all(kinds.map((kind) => collect(store.listByStatus(kind))));
  expect(listed[kinds.indexOf(last.status.kind as 'running')]).toEqual([instanceId]);
  await store.close();
});
