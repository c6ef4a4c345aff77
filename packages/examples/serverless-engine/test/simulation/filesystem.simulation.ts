import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleWorker, type Outcome, simulate, type Simulation } from './simulate.js';

const scratch = mkdtempSync(join(tmpdir(), 'serverless-engine-'));
const worker = join(scratch, 'worker.mjs');
beforeAll(() => bundleWorker(worker));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function onFiles(name: string, options: Pick<Simulation, 'runs' | 'faultEvery' | 'fenced'>): Promise<Outcome> {
  const directory = join(scratch, name);
  const store = await openStateStore(fileSystemBackend({ directory, durability: 'process', leftoverAge: 0 }));
  const began = performance.now();
  try {
    const outcome = await simulate(worker, {
      ...options,
      store,
      url: `file:${directory}?durability=process`,
      processes: 8,
      seed: 20_261_125,
      lease: 1000,
      maxClockSkew: 100,
      markers: async () =>
        readdirSync(join(directory, 'status'), { withFileTypes: true, recursive: true })
          .filter((entry) => entry.isFile() && /^[0-9a-f]{32}\./.test(entry.name))
          .map(({ parentPath, name: marker }) => join(parentPath, marker)),
    });
    console.log(
      `files, ${name}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${JSON.stringify(outcome.counts)}`,
    );
    return outcome;
  } finally {
    await store.close();
  }
}

it('500 runs on files: each is completed, each step took effect once, no marker and no lease is left', async () => {
  const { wrong, counts } = await onFiles('fenced', { runs: 500, faultEvery: 60, fenced: true });
  expect(wrong).toEqual([]);
  expect(counts['kills']).toBeGreaterThan(5);
  expect(counts['frozen until taken over']).toBeGreaterThan(5);
});

it('without fencing the same simulation finds steps that were acknowledged and are gone', async () => {
  const { wrong } = await onFiles('unfenced', { runs: 16, faultEvery: 8, fenced: false });
  expect(wrong.join('\n')).toMatch(/was acknowledged as/);
});
