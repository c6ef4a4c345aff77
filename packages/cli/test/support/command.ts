// Runs the installed command, as a program does (pipes) and as a person does (a terminal of 80 columns).

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';

export const installed: string = inject('installed');
export const binary: string = join(installed, 'node_modules/.bin/workflow-state');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Megabytes of heap. */
  readonly heap?: number;
}

function environment({ env = {}, heap }: RunOptions): NodeJS.ProcessEnv {
  const { WORKFLOW_STATE_URL: _, NO_COLOR: __, FORCE_COLOR: ___, NODE_OPTIONS: ____, CI: _____, ...rest } = process.env;
  return { ...rest, ...(heap !== undefined && { NODE_OPTIONS: `--max-old-space-size=${heap}` }), ...env };
}

/** Begun, and not waited for. */
export function begin(
  args: readonly string[],
  options: RunOptions = {},
): ChildProcess & { readonly ended: Promise<Ran> } {
  const { cwd = installed } = options;
  return collect(spawn(binary, args, { cwd, env: environment(options), stdio: ['ignore', 'pipe', 'pipe'] }));
}

export function run(args: readonly string[], options?: RunOptions): Promise<Ran> {
  return begin(args, options).ended;
}

/** In a pseudo-terminal, where both streams are one. `typed`: what is written once `when` was seen. */
export async function onTerminal(
  args: readonly string[],
  options: RunOptions & { readonly typed?: string; readonly when?: RegExp; readonly piped?: boolean } = {},
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const { cwd = installed, typed = '', when = /$^/, piped = false } = options;
  const words = ['workflow-state', ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  const env = environment({ ...options, env: { TERM: 'xterm', ...options.env } });
  env['PATH'] = `${join(installed, 'node_modules/.bin')}:${env['PATH'] ?? ''}`;
  const child = spawn(
    'script',
    ['-qec', `stty cols 80 rows 30; ${piped ? `${words} | cat` : `exec ${words}`}`, '/dev/null'],
    { cwd, env },
  );
  let told = false;
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    if (told || !when.test(seen)) return;
    told = true;
    child.stdin.write(typed);
  });
  const { code, stdout } = await collect(child).ended;
  return { code, screen: stdout.replaceAll('\r\n', '\n') };
}

function collect<Child extends ChildProcess>(child: Child): Child & { readonly ended: Promise<Ran> } {
  const parts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => (parts[name] += chunk));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...parts }));
  });
  return Object.assign(child, { ended });
}

const made: string[] = [];
afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
}, 120_000);

/** An empty directory that goes with the tests; in memory where there is some. */
export function place(parent: string = tmpdir()): string {
  const path = mkdtempSync(join(parent, 'workflow-state-cli-'));
  made.push(path);
  return path;
}
