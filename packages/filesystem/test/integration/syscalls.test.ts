import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundled } from '../support/fork.js';
import { freshDirectory } from '../support/place.js';

// What the kernel sees, against test/syscalls.test.ts, which counts at the seam.
const strace =
  spawnSync('strace', ['-V']).status === 0 && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

describe.skipIf(!strace)('system calls as strace counts them', () => {
  for (const [durability, expected] of [
    ['full', { create: 11, save: 7, 'change of status': 9, load: 4, head: 3, isCurrent: 1, delete: 9 }],
    ['process', { create: 9, save: 5, 'change of status': 7, load: 4, head: 3, isCurrent: 1, delete: 8 }],
  ] as const) {
    it(`durability ${durability}`, async () => {
      const directory = freshDirectory();
      const trace = join(freshDirectory(), 'trace');
      const script = await bundled(new URL('../support/traced.ts', import.meta.url));
      execFileSync('strace', [
        '-f',
        '-y',
        '-o',
        trace,
        process.execPath,
        script,
        JSON.stringify({ directory, durability }),
      ]);
      expect(callsBySection(readFileSync(trace, 'utf8'), directory)).toEqual(expected);
    });
  }
});

/** Sections begin with an attempt to open `<directory>/=<name>`. Calls count that name the store or a file of it. */
function callsBySection(trace: string, directory: string): Record<string, number> {
  const counts: Record<string, number> = {};
  let section: string | undefined;
  for (const line of trace.split('\n')) {
    const mark = new RegExp(`${directory}/=([^"]*)"`).exec(line);
    if (mark !== null) section = mark[1] === 'end' ? undefined : mark[1];
    else if (section !== undefined && line.includes(directory) && !line.includes('resumed>'))
      counts[section] = (counts[section] ?? 0) + 1;
  }
  return counts;
}
