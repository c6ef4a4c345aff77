// A hundred thousand instances, with a heap in which they would have no room: their states take 100 MB.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { openStateStore } from '@workflow-state/core';
import { verifyStore } from '@workflow-state/core/maintenance';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { beforeAll, describe, expect, it } from 'vitest';
import { begin, onTerminal, place, run } from './support/command.js';
import { seedMany } from './support/seed.js';

const COUNT = 100_000;
const OLD = 1000;
/** What the target of the copy has already. */
const THERE = 96_000;
const HEAP = 48;

const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
let source: string;
let target: string;
const url = (directory: string): string => `file:${directory}?durability=process`;

beforeAll(async () => {
  source = join(place(parent), 'source');
  target = join(place(parent), 'target');
  await seedMany(source, { count: THERE, old: OLD });
  execFileSync('cp', ['-a', source, target]);
  await seedMany(source, { first: THERE, count: COUNT, old: OLD });
}, 300_000);

async function countIn(directory: string): Promise<number> {
  const { stdout } = await run(['count', '--json', '--store', url(directory)], { heap: HEAP });
  return (JSON.parse(stdout) as { readonly total: number }).total;
}

/** What is stored, in order, without the name of the write. */
async function states(directory: string): Promise<string> {
  return (await run(['ls', '--long', '--json', '--store', url(directory)], { heap: HEAP })).stdout;
}

describe('a hundred thousand instances, in bounded memory', { timeout: 300_000 }, () => {
  it('are listed and counted', async () => {
    const { stdout, code } = await run(['ls', '--store', url(source)], { heap: HEAP });
    expect([stdout.length, code]).toEqual([COUNT * 33, 0]);
    expect(await countIn(source)).toBe(COUNT);
  });

  it('are copied, though the copy is killed half-way, and end as the same states', async () => {
    const first = begin(['copy', url(source), url(target)], { heap: HEAP });
    // Not a matter of time: killed once some are there that were not.
    const shards = join(target, 'ids');
    const before = entries(shards);
    while (entries(shards) === before && first.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 50));
    first.kill('SIGKILL');
    expect((await first.ended).code).toBeNull();
    expect(await countIn(target)).toBeLessThan(COUNT);

    const second = await run(['copy', url(source), url(target), '--json'], { heap: HEAP });
    expect(second).toMatchObject({ code: 0 });
    const { summary } = JSON.parse(second.stdout) as { readonly summary: Readonly<Record<string, number>> };
    expect([(summary['copied'] ?? 0) + (summary['present'] ?? 0), summary['copied'] ?? 0]).toEqual([
      COUNT,
      expect.toSatisfy((copied: number) => copied > 0 && copied < COUNT - THERE),
    ]);
    expect((await states(target)) === (await states(source))).toBe(true);
  });

  it('are cleaned up', async () => {
    const { stdout, code } = await run(['cleanup', '--older-than', '30d', '--json', '--store', url(source)], {
      heap: HEAP,
    });
    expect(JSON.parse(stdout)).toMatchObject({ removed: OLD, failures: [] });
    expect([code, await countIn(source)]).toEqual([0, COUNT - OLD]);
  });

  it('show how far they are on a terminal, and Ctrl-C ends between two of them and says so', async () => {
    const to = join(place(parent), 'stopped');
    const args = ['copy', url(source), url(to)];
    const { code, screen } = await onTerminal(args, { env: { NO_COLOR: '1' }, heap: HEAP, typed: '\u0003', when: /━/ });
    expect(code).toBe(130);
    expect(screen).toMatch(/copying ━.*of \d+.000 instances/);
    expect(screen).toContain('stopped between two instances; run it again to go on');
    const copied = Number(/copied +([\d\u00a0]+)/.exec(screen)?.[1]?.replaceAll('\u00a0', ''));
    expect(await countIn(to)).toBe(copied);
    // Nothing is left half-way.
    const store = await openStateStore(fileSystemBackend({ directory: to, leftoverAge: 0 }));
    for await (const finding of verifyStore(store)) expect(finding).toBeUndefined();
    await store.close();
  });
});

function entries(directory: string): number {
  return readdirSync(directory).reduce((sum, shard) => sum + readdirSync(join(directory, shard)).length, 0);
}
