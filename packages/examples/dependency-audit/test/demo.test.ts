// The demo as a newcomer runs it: as a process of its own, from what `build` left in dist.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeJson, type WorkflowState } from '@workflow-state/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demo } from '../src/demo.js';
import { openStore } from '../src/stores.js';
import { newAudit } from '../src/workflow.js';
import { installPackages } from './installed-packages.js';

const here = fileURLToPath(new URL('..', import.meta.url));
const entry = join(here, 'dist', 'main.js');
let directory: string;

beforeEach(() => {
  if (!existsSync(entry)) throw new Error(`${entry} is missing: build the workspace first`);
  directory = mkdtempSync(join(tmpdir(), 'demo-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function run(...args: readonly string[]): {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
} {
  const temporary = join(directory, 'tmp');
  mkdirSync(temporary, { recursive: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, '--out', join(directory, 'out'), ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, CI: 'true', TMPDIR: temporary, TEMP: temporary },
  });
  return { code: status, output: stdout, errors: stderr };
}

describe('npm run demo', () => {
  it(
    'audits this checkout, survives two kills, prints what the README shows, and leaves nothing but the report',
    { timeout: 180_000 },
    () => {
      const { code, output, errors } = run();
      expect(errors).toBe('');
      expect(shapeOf(output)).toEqual(shapeOf(transcript()));
      expect(code).toBe(0);
      expect(readdirSync(join(directory, 'out')).sort()).toEqual([
        'dependency-audit.json',
        'dependency-audit.md',
        'journal.ndjson',
      ]);
      expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
      const report = JSON.parse(readFileSync(join(directory, 'out', 'dependency-audit.json'), 'utf8')) as {
        licences: { licence: string }[];
      };
      expect(report.licences[0]?.licence).toBe('MIT');
    },
  );

  it('keeps a store that was named, with all that the run has left in it', async () => {
    const packages = installPackages(directory);
    const { code, output, errors } = run('--store', 'file:./kept', '--packages', packages);
    expect(errors).toBe('');
    expect(output).toMatch(/^ {2}finished batches repeated {7}0$/m);
    expect(output).toMatch(/^ {2}batches cut off and done again {2}2: hash 3, licences 2$/m);
    expect(output).toMatch(/^kept {5}in file:\.\/kept$/m);
    expect(code).toBe(0);

    const store = await openStore(`file:${join(directory, 'kept')}`);
    const states: WorkflowState[] = [];
    for await (const state of store.states()) states.push(state);
    await store.close();
    expect(states).toHaveLength(1);
    const [state] = states;
    expect(state?.metrics).toMatchObject({ stagesExecuted: 4, retryCount: 2, errorCount: 0 });
    expect(state?.retryAttempts).toEqual({ hash: 1, licences: 1 });
    expect(state?.status.kind === 'completed' && Object.keys(state.status.result.output)).toEqual(['report']);
    expect(decodeJson(state?.state['licences/0'] ?? new Uint8Array())).toHaveLength(24);
  });

  it('finishes what an earlier demo has left half-way, then shows its own run', async () => {
    const packages = installPackages(directory);
    const store = await openStore(`file:${join(directory, 'kept')}`);
    const { instanceId } = await store.save(await newAudit({ root: packages, out: join(directory, 'out') }));
    const { code, output } = run('--store', 'file:./kept', '--packages', packages);
    expect(output).toMatch(
      new RegExp(`stopped here half-way.*\nprocess \\d+: found run ${instanceId}, resumes at checkpoint 2$`, 'm'),
    );
    expect(output).toMatch(/^count {4}2 completed$/m);
    expect(code).toBe(0);
    await store.close();
  });

  it('says that nothing survives in memory, and fails', () => {
    const { code, output, errors } = run('--store', 'memory:', '--packages', installPackages(directory));
    expect(output).toContain('store: memory: (durability: none)');
    expect(output).toContain('SIGKILL');
    expect(output).not.toContain('What survived');
    expect(errors).toMatch(/^FAILED: nothing survived: .* durability "none"; --store file:<directory> survives\n$/);
    expect(code).toBe(1);
  });

  it.each([
    [['--stroe', 'memory:'], /^Unknown option '--stroe'; see npm run demo -- --help\n$/],
    [['extra'], /^Unexpected argument 'extra'; see npm run demo -- --help\n$/],
    [['--store'], /^Option '--store <value>' argument missing; see npm run demo -- --help\n$/],
    [['--store', 'ftp:x'], /^no scheme here opens "ftp:"; known schemes: .*\n$/],
    [['--store', 'nonsense'], /^a store URL looks like .*\n$/],
    [['--packages', '/nowhere'], /^there are no packages to audit in .*nowhere\n$/],
  ])('refuses %j with one line', (args, line) => {
    const { code, output, errors } = run(...args);
    expect(errors).toMatch(line);
    expect(output).toBe('');
    expect(code).toBe(2);
  });

  it('explains itself', () => {
    const { code, output } = run('--help');
    expect(output).toContain('--store <url>');
    expect(code).toBe(0);
  });
});

describe('a demo whose workflow is broken fails', () => {
  it.each([
    ['forgetful', /finished batches were done again after a kill: scan 1, hash 1, hash 2/],
    ['quitting', /the worker ended with exit code 0, its run unfinished/],
  ])('%s worker', async (name, message) => {
    const lines: string[] = [];
    const display = { line: (text: string) => void lines.push(text), progress: () => undefined, end: () => undefined };
    const shown = demo(
      { root: installPackages(directory), out: join(directory, 'out'), help: false },
      { display, signal: new AbortController().signal, worker: new URL(`./${name}-worker.mjs`, import.meta.url) },
    );
    await expect(shown).rejects.toThrow(message);
    expect(lines.join('\n')).not.toContain('cleanup');
  });

  it('no packages', () => {
    const { code, errors } = run('--packages', installPackages(directory, 0));
    expect(errors).toMatch(/^FAILED: nothing was killed in hash, licences: .*\n$/);
    expect(code).toBe(1);
  });
});

/** The first block of the README that shows output. */
function transcript(): string {
  return /^```text\n(.*?)^```$/ms.exec(readFileSync(join(here, 'README.md'), 'utf8'))?.[1] ?? '';
}

/** Lines without what differs from run to run: ids, numbers, where the report lies. */
function shapeOf(output: string): readonly string[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/\b[0-9a-f]{32}\b/g, 'ID')
        .replace(/\d+(?:\.\d+)?/g, 'N')
        .replace(/\S*dependency-audit\.md/, 'REPORT'),
    );
}
