// What grows with the number of instances, and what must not.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { filesystemOf } from '../machine.js';
import { missingBecause } from '../results.js';
import { GROWTH_STORES } from './growth-stores.js';
const PROCESS = fileURLToPath(new URL('./growth-process.js', import.meta.url));
export const GROWTH = {
  name: 'growth',
  title: 'Listing, count and cleanup as instances grow in number',
  packages: ['better-sqlite3', 'unstorage', '@workflow/world-local'],
  async run({ quick, places, progress }) {
    const parent = places.memory ?? places.disk;
    const sizes = quick ? [1000, 10_000] : [1000, 10_000, 100_000, 1_000_000];
    const figures = new Map();
    const missing = [];
    for (const { name, most } of GROWTH_STORES) {
      const root = mkdtempSync(join(parent, 'workflow-state-bench-'));
      const directory = join(root, 'states');
      try {
        let filled = 0;
        for (const size of sizes.filter((one) => one <= (quick ? most / 10 : most))) {
          progress(`${name}: filled up to ${size}`);
          await run('fill', name, directory, String(filled), String(size));
          filled = size;
          progress(`${name}: measured at ${size}`);
          const measured = JSON.parse(await run('measure', name, directory, String(size)));
          for (const [what, time] of Object.entries(measured)) {
            const id = `${what}@${size}`;
            figures.set(id, [...(figures.get(id) ?? []), { name, time }]);
          }
        }
      } catch (error) {
        missing.push(missingBecause(name, error));
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    }
    return {
      facts: { filesystem: filesystemOf(parent), 'bytes of a state': '500' },
      tables: [...figures].map(([id, found]) => {
        const [what = '', size = ''] = id.split('@');
        const cut = what.lastIndexOf(', ');
        const known = ['ms', 'µs', '×', 'MiB', 'µs per instance'].includes(what.slice(cut + 2));
        return {
          id,
          title: `${known ? what.slice(0, cut) : what}, ${Number(size).toLocaleString('en')} instances`,
          unit: known ? what.slice(cut + 2) : 'files',
          figures: found,
          missing,
        };
      }),
    };
  },
};
async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, ...args], { maxBuffer: 2 ** 24 });
  return stdout;
}
//# sourceMappingURL=growth.js.map
