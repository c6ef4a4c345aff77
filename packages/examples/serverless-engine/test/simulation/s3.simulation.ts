import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { openStateStore } from '@workflow-state/core';
import { s3Backend } from '@workflow-state/s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realServer } from '../../../../s3/test/server/real-server.js';
import { cuttingLine } from './cutting-line.js';
import { bundleWorker, type Outcome, simulate, type Simulation } from './simulate.js';

const scratch = mkdtempSync(join(tmpdir(), 'serverless-engine-'));
const worker = join(scratch, 'worker.mjs');
beforeAll(() => bundleWorker(worker));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function onS3(options: Pick<Simulation, 'runs' | 'faultEvery' | 'fenced'>): Promise<Outcome> {
  const real = realServer();
  const line = await cuttingLine(real.endpoint, 50);
  const prefix = `simulation/${randomUUID()}`;
  const client = real.connect();
  const store = await openStateStore(s3Backend({ bucket: real.bucket, prefix, client }));
  const began = performance.now();
  try {
    const { wrong, counts } = await simulate(worker, {
      ...options,
      store,
      url: `s3://${real.bucket}/${prefix}?endpoint=${line.endpoint}&requestTimeout=2000`,
      processes: 8,
      seed: 20_261_125,
      lease: 2000,
      maxClockSkew: 200,
      async markers() {
        const names: string[] = [];
        for await (const page of paginateListObjectsV2(
          { client },
          { Bucket: real.bucket, Prefix: `${prefix}/status/` },
        ))
          names.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
        return names;
      },
    });
    const outcome = { wrong, counts: { ...counts, requests: line.counts.requests, 'cut off': line.counts.cut } };
    console.log(
      `S3, ${options.fenced ? 'fenced' : 'unfenced'}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${JSON.stringify(outcome.counts)}`,
    );
    return outcome;
  } finally {
    await store.close();
    client.destroy();
    await line.close();
  }
}

it('500 runs on S3: each is completed, each step took effect once, no marker and no lease is left', async () => {
  const { wrong, counts } = await onS3({
    runs: 500,
    faultEvery: 60,
    fenced: true,
  });
  expect(wrong).toEqual([]);
  expect(counts['kills']).toBeGreaterThan(5);
  expect(counts['frozen until taken over']).toBeGreaterThan(5);
  expect(counts['cut off']).toBeGreaterThan(50);
});

it('without fencing the same simulation finds steps that were acknowledged and are gone', async () => {
  const { wrong } = await onS3({ runs: 16, faultEvery: 8, fenced: false });
  expect(wrong.join('\n')).toMatch(/was acknowledged as/);
});
