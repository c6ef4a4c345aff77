import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newWorkflowState, openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { beforeAll, describe, expect, it } from 'vitest';
import { binary, installed, onTerminal, place, run } from './support/command.js';
import { seedOrders } from './support/seed.js';

let directory: string;
let url: string;
let ids: readonly string[];

beforeAll(async () => {
  directory = join(place(), 'orders');
  ids = [...(await seedOrders(directory))];
  url = `file:${directory}`;
});

const fresh = async (): Promise<string> => {
  const path = join(place(), 'orders');
  await seedOrders(path);
  return `file:${path}`;
};
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const json = (text: string): unknown[] => lines(text).map((line) => JSON.parse(line) as unknown);

describe.concurrent('piped', () => {
  it('ls prints one id a line and nothing else, and says on standard error where it looks', async () => {
    const { stdout, stderr, code } = await run(['ls', '--store', url]);
    expect([lines(stdout), stderr, code]).toEqual([[...ids].sort(), `store  file:${directory}\n`, 0]);
  });

  it('ls takes statuses, a limit and a place to go on from', async () => {
    const env = { WORKFLOW_STATE_URL: url };
    const ended = lines((await run(['ls', 'failed', 'cancelled'], { env })).stdout);
    expect(ended).toEqual([ids[3] ?? '', ids[4] ?? ''].sort());
    const sorted = [...ids].sort();
    const page = lines((await run(['ls', '--limit', '2', '--after', sorted[1] ?? ''], { env })).stdout);
    expect(page).toEqual(sorted.slice(2, 4));
  });

  it('ls --long and --json tell workflow, stage, version and times', async () => {
    const { stdout } = await run(['ls', 'waiting', '--long', '--store', url]);
    expect(stdout.split('\t').slice(0, 5)).toEqual([ids[1], 'waiting', 'order', 'pay', '2']);
    const [row] = json((await run(['ls', 'waiting', '--long', '--json', '--store', url])).stdout);
    expect(row).toMatchObject({ instanceId: ids[1], workflowVersion: '1.4.0', checkpointVersion: 2 });
    expect(json((await run(['ls', 'waiting', '--json', '--store', url])).stdout)).toMatchObject([
      { instanceId: ids[1], status: 'waiting', statusSince: expect.stringMatching(/Z$/) },
    ]);
  });

  it('get shows text where bytes are UTF-8, base64 elsewhere, and writes a value as it is', async () => {
    const [state] = json((await run(['get', ids[0] ?? '', '--json', '--store', url])).stdout);
    expect(state).toMatchObject({
      input: { order: { text: '{"number":4711,"total":19.9}' }, scan: { base64: 'iVBORw==' } },
      checkpointVersion: 2,
    });
    const out = join(place(), 'scan.png');
    expect((await run(['get', ids[0] ?? '', 'input.scan', '--out', out, '--store', url])).code).toBe(0);
    expect([...readFileSync(out)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    expect((await run(['get', ids[0] ?? '', 'input.order', '--store', url])).stdout).toBe(
      '{"number":4711,"total":19.9}\n',
    );
  });

  it('count tells every status, and one number for one', async () => {
    expect((await run(['count', 'running', '--store', url])).stdout).toBe('1\n');
    expect(json((await run(['count', '--json', '--store', url])).stdout)).toEqual([
      { initializing: 0, running: 1, waiting: 1, paused: 0, completed: 1, failed: 1, cancelled: 1, total: 5 },
    ]);
  });

  it('cleanup says what it would remove, and removes just that', async () => {
    const store = await fresh();
    const dry = await run(['cleanup', '--older-than', '30d', '--dry-run', '--store', store]);
    expect(lines(dry.stdout)).toEqual([ids[2] ?? '', ids[4] ?? ''].sort());
    const done = await run(['cleanup', '--older-than', '30d', '--json', '--store', store]);
    expect(json(done.stdout)).toMatchObject([{ removed: 2, done: true, failures: [] }]);
    expect((await run(['count', '--store', store])).stdout).toContain('total\t3');
  });

  it('rm deletes what is named by the beginning of its id, and says what was not there', async () => {
    const store = await fresh();
    const refused = await run(['rm', ids[0] ?? '', '--store', store]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('add --yes')]);
    const { stdout, stderr, code } = await run([
      'rm',
      '--yes',
      (ids[0] ?? '').slice(0, 8),
      '0'.repeat(32),
      '--store',
      store,
    ]);
    expect([stdout, code]).toEqual([`${ids[0]}\n`, 1]);
    expect(stderr).toContain(`there is no instance ${'0'.repeat(32)}`);
  });

  it('copy, run twice, ends with the same states, and leaves alone what was saved in the target', async () => {
    const target = join(place(), 'copy');
    const first = await run(['copy', url, `file:${target}`, '--json']);
    expect(json(first.stdout)).toMatchObject([{ summary: { copied: 5 } }]);
    const second = await run(['copy', url, `file:${target}`, '--json']);
    expect([json(second.stdout), second.code]).toMatchObject([[{ summary: { present: 5 } }], 0]);
    const states = async (of: string) => json((await run(['ls', '--long', '--json', '--store', of])).stdout);
    expect(await states(`file:${target}`)).toEqual(await states(url));
    const store = await openStateStore(fileSystemBackend({ directory: target }));
    await store.update(ids[0] as never, (state) => ({ ...state, currentStage: 'elsewhere' }));
    await store.close();
    const third = await run(['copy', url, `file:${target}`]);
    expect([third.code, third.stdout]).toEqual([1, expect.stringContaining(`${ids[0]}  newer`)]);
  });

  it('verify names a damaged record and what is not ours, and --repair mends what a crash left, never a record', async () => {
    const path = join(place(), 'orders');
    await seedOrders(path);
    const store = `file:${path}`;
    const damaged = `${path}/data/${ids[0]?.slice(0, 2)}/${ids[0]}`;
    writeFileSync(damaged, readFileSync(damaged).subarray(0, -1));
    writeFileSync(`${path}/notes.txt`, '');
    const stale = `${path}/status/paused/${ids[1]}.1.0123456789abcdef.5`;
    writeFileSync(stale, '');
    const found = await run(['verify', '--json', '--store', store]);
    expect(found.code).toBe(1);
    const kinds = json(found.stdout).map((row) => (row as { readonly kind?: string }).kind);
    expect(new Set(kinds.slice(0, -1))).toEqual(new Set(['damaged', 'foreign', 'stale-index']));
    expect(kinds).toHaveLength(4);
    const repaired = await run(['verify', '--repair', '--store', store]);
    expect([repaired.code, existsSync(stale), existsSync(damaged), existsSync(`${path}/notes.txt`)]).toEqual([
      1,
      false,
      true,
      true,
    ]);
    expect(repaired.stderr).toContain('repaired 1 of 1');
    expect((await run(['rm', '--yes', ids[0] ?? '', '--store', store])).code).toBe(0);
    rmSync(`${path}/notes.txt`);
    expect(await run(['verify', '--store', store])).toMatchObject({
      code: 0,
      stdout: '4 instances read, nothing wrong\n',
    });
  });

  it('doctor finds nothing wrong with a disk, and a remedy where there is something', async () => {
    const good = await run(['doctor', '--json', '--store', `file:${join(place(installed), 'new')}?durability=process`]);
    expect(good).toMatchObject({ code: 0 });
    const shm = await run(['doctor', '--store', `file:${join(place('/dev/shm'), 'new')}`]);
    expect([shm.code, shm.stdout]).toEqual([
      1,
      expect.stringMatching(/! durability .*tmpfs[\s\S]*→ put the store on a disk/),
    ]);
    const memory = await run(['doctor', '--store', 'memory:']);
    expect([memory.code, memory.stdout]).toEqual([0, expect.stringContaining('round trip')]);
  });

  it('goes through a cache, and through a scheme that a plugin brings', async () => {
    expect((await run(['count', 'failed', '--store', `lru+${url}?lru.max=10&lru.revalidate=always`])).stdout).toBe(
      '1\n',
    );
    const cwd = place(installed);
    writeFileSync(
      join(cwd, 'plugin.js'),
      `import { fileScheme } from '@workflow-state/filesystem';
       export const mine = { scheme: 'mine', open: (url, context) => fileScheme.open({ ...url, scheme: 'file' }, context) };`,
    );
    const own = await run(['count', 'failed', '--plugin', './plugin.js', '--store', `mine:${directory}`], { cwd });
    expect(own).toMatchObject({ stdout: '1\n', code: 0 });
  });
});

describe.concurrent('bad input is told in one line, with the remedy, and ends with 2', () => {
  const nothing = join(place(), 'nothing');
  const foreign = place();
  writeFileSync(join(foreign, 'holiday.jpg'), '');
  it.each<[string, readonly string[], RegExp]>([
    ['no store', ['count'], /no store was named; give --store <url>/],
    [
      'an unknown scheme',
      ['count', '--store', 'sqlite:x'],
      /no scheme here opens "sqlite:"; known schemes: memory, file, s3, lru/,
    ],
    ['what is no URL', ['count', '--store', './state'], /a store URL looks like memory:, file:/],
    [
      'a directory that is not there',
      ['count', '--store', `file:${nothing}`],
      /there is no store in .*nothing; check the path/,
    ],
    ['a directory that is no store', ['count', '--store', `file:${foreign}`], /there is no store in /],
    [
      'a target that is something else',
      ['copy', 'memory:', `file:${foreign}`],
      /is no store and not empty: it holds "holiday.jpg"; choose/,
    ],
    [
      'an unreachable store',
      ['count', '--store', 's3://b?endpoint=http://127.0.0.1:9&region=x&requestTimeout=2000'],
      /store was not reached.*; check the endpoint/,
    ],
    ['a malformed id', ['get', 'order-1', '--store', 'memory:'], /"order-1" is no instance id; give 32 hex digits/],
    ['a malformed duration', ['cleanup', '--older-than', '30', '--store', 'memory:'], /30d, 12h or 90s/],
    ['a negative duration', ['cleanup', '--older-than', '-3d', '--store', 'memory:'], /30d, 12h or 90s/],
    ['an unknown status', ['ls', 'done', '--store', 'memory:'], /argument 'done': give one of initializing/],
    ['an unknown command', ['lss'], /unknown command 'lss' \(Did you mean ls\?\)/],
    ['an unknown option', ['ls', '--lon', '--store', 'memory:'], /unknown option '--lon' \(Did you mean --long\?\)/],
    ['no command at all', ['--plugin', './missing.js', 'count', '--store', 'x:'], /missing.js could not be loaded/],
  ])('%s', async (_what, args, said) => {
    const { code, stdout, stderr } = await run(args, { env: { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' } });
    const said2 = lines(stderr).filter((line) => !/^(?:store|from|to {2}) {2}/.test(line));
    expect([said2.length, code, stdout]).toEqual([1, 2, '']);
    expect(said2[0]).toMatch(said);
    expect(existsSync(nothing)).toBe(false);
  });

  it('an ambiguous beginning of an id', async () => {
    const path = join(place(), 'orders');
    await seedOrders(path);
    const store = await openStateStore(fileSystemBackend({ directory: path }));
    const other = `${ids[0]?.slice(0, 20)}${'0'.repeat(12)}`;
    const { revision: _, ...state } = await store.load(ids[0] as never);
    await store.save({ ...state, instanceId: other as never, checkpointVersion: 0 });
    await store.close();
    const { code, stderr } = await run(['get', ids[0]?.slice(0, 6) ?? '', '--store', `file:${path}`]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/is the beginning of two instances: .*; give more digits/),
    ]);
  });

  it('--debug shows the stack, and nothing else does; secrets of a URL are never shown', async () => {
    const secret = 's3://b?endpoint=http://me:hunter2@127.0.0.1:9&secretKey=hunter2';
    const quiet = await run(['count', '--store', secret]);
    expect([quiet.code, quiet.stderr]).toEqual([2, expect.not.stringMatching(/hunter2| at /)]);
    expect((await run(['count', '--debug', '--store', secret])).stderr).toMatch(/\n {4}at /);
  });

  it('an instance that is not there is no mistake of the command: 1', async () => {
    expect(await run(['get', '0'.repeat(32), '--store', url])).toMatchObject({ code: 1, stdout: '' });
  });
});

describe.concurrent('a reader that has had enough', () => {
  it('ends the command quietly, with 0', async () => {
    const shell = `'${binary}' ls --long --store '${url}' | head -1; echo "\${PIPESTATUS[0]}"`;
    const out = execFileSync('bash', ['-c', `${shell} 2>&1`], { encoding: 'utf8' });
    expect(lines(out).at(-1)).toBe('0');
    const closed = spawn('bash', ['-c', `'${binary}' ls --store '${url}' >&-`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    closed.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await new Promise((resolve) => closed.once('close', resolve));
    expect(said).not.toMatch(/ at |EPIPE|Error/);
  });
});

describe.concurrent('on a terminal of 80 columns', () => {
  it('ls is a table that fits, in colours, and without them under NO_COLOR', async () => {
    const { screen, code } = await onTerminal(['ls', '--long', '--store', url]);
    expect([code, screen]).toEqual([0, expect.stringContaining('\u001b[31mfailed')]);
    const plain = await onTerminal(['ls', '--long', '--store', url], { env: { NO_COLOR: '1' } });
    expect(plain.screen).not.toContain('\u001b[');
    const rows = lines(plain.screen).slice(1);
    expect(rows[0]).toMatch(/^INSTANCE +STATUS +WORKFLOW +STAGE +VERSION +AGE$/);
    expect(rows).toHaveLength(6);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(80);
  });

  it('get lets no text from the store move the cursor', async () => {
    const path = join(place(), 'orders');
    const store = await openStateStore(fileSystemBackend({ directory: path }));
    const evil = '\u001b[2J\u0007\u202egone';
    const state = await store.save({
      ...newWorkflowState({
        workflowId: evil,
        version: { major: 1, minor: 0, patch: 0 },
        currentStage: evil,
        input: { [evil]: new TextEncoder().encode(evil) },
      }),
    });
    await store.close();
    for (const args of [
      ['get', state.instanceId],
      ['ls', '--long'],
      ['get', state.instanceId, `input.${evil}`],
    ]) {
      const { screen } = await onTerminal([...args, '--store', `file:${path}`], { env: { NO_COLOR: '1' } });
      for (const control of ['\u001b[2J', '\u0007', '\u202e']) expect(screen).not.toContain(control);
      expect(screen).toContain(String.raw`\u001b[2J`);
    }
  });

  it('rm shows what it would delete, asks, and deletes after a yes alone', async () => {
    const store = await fresh();
    const no = await onTerminal(['rm', ids[0] ?? '', '--store', store], { typed: '\r', when: /for good/ });
    expect([no.code, no.screen]).toEqual([1, expect.stringContaining('running, version 2')]);
    const yes = await onTerminal(['rm', ids[0] ?? '', '--store', store], { typed: 'y', when: /for good/ });
    expect([yes.code, yes.screen]).toEqual([0, expect.stringContaining(ids[0] ?? '')]);
    expect((await run(['count', '--store', store])).stdout).toContain('total\t4');
  });
});

it('--help of every command has an example, and fits 80 columns', async () => {
  const commands = ['', 'ls', 'get', 'count', 'rm', 'cleanup', 'copy', 'verify', 'doctor'];
  const all = await Promise.all(commands.map((name) => run([...(name === '' ? [] : [name]), '--help'])));
  for (const { code, stdout } of all) {
    expect([code, stdout]).toEqual([0, expect.stringContaining('Examples:')]);
    expect(lines(stdout).filter((line) => line.length > 80)).toEqual([]);
  }
});

it('the SDK of S3 is loaded only for a URL of S3', async () => {
  const spy = join(place(), 'spy.cjs');
  writeFileSync(
    spy,
    `process.on('exit', () => process.stderr.write(Object.keys(require.cache).filter((path) => path.includes('aws-sdk')).length + ' of the SDK'));`,
  );
  const loaded = async (store: string): Promise<number> =>
    Number(
      /(\d+) of the SDK/.exec(
        (await run(['count', '--store', store], { env: { NODE_OPTIONS: `--require=${spy}` } })).stderr,
      )?.[1],
    );
  expect(await loaded(url)).toBe(0);
  expect(await loaded('s3://b?region=x&secretKey=none')).toBeGreaterThan(0);
});
