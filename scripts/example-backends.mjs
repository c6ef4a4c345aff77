// The example backends, as strangers have them: installed by npm from their own lockfiles, each tested by its own command.
// One after the other they would take twice as long: one of them compiles SQLite, and the other waits for its server.
//   node scripts/example-backends.mjs              after a build of core
//   node scripts/example-backends.mjs sqlite       only those whose folder has that in its name
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { outsidePackages, root } from './packages.mjs';

// node-gyp would download the headers that many installations have beside the binary.
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
// Compiled to be tested once, not to be fast: a third of the time.
const env = { CFLAGS: '-O0', CXXFLAGS: '-O0', JOBS: 'max', ...headers, ...process.env };

const wanted = outsidePackages.filter(({ dir }) => dir.includes(process.argv[2] ?? ''));
if (wanted.length === 0) throw new Error(`no example backend is called ${process.argv[2]}`);

const failed = [];
await Promise.all(
  wanted.map(async ({ dir }) => {
    const begin = performance.now();
    const lines = [];
    for (const args of [['ci', '--loglevel=error'], ['test']]) {
      const code = await npm(args, join(root, dir), lines);
      lines.push(
        `${dir}: npm ${args[0]} ended with ${code} after ${Math.round((performance.now() - begin) / 1000)} s\n`,
      );
      if (code === 0) continue;
      failed.push(dir);
      break;
    }
    process.stdout.write(lines.join(''));
  }),
);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs npm to its end, and collects what it says. @param {readonly string[]} args @param {string} cwd @param {string[]} lines */
function npm(args, cwd, lines) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, {
      cwd,
      env,
      shell: process.platform === 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => lines.push(text));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
