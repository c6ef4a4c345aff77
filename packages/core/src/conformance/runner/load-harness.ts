// The harness that a module exports, or one made around the backend that it exports.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { show } from '../../show.js';
import type { BackendCapabilities, StateBackend } from '../../state-backend.js';
import type { Harness, Location } from '../harness.js';
import { UsageError } from './usage-error.js';

/** Looked for in this order. */
const NAMES = ['harness', 'default', 'backend'] as const;

export const ACCEPTED_EXPORTS = '`harness`, `default` or `backend`';

export interface Examined {
  readonly harness: Harness;
  /** Of the nearest package.json that has a name. */
  readonly package: { readonly name: string; readonly version: string | undefined } | undefined;
}

export async function loadHarness(module: string, exportName: string | undefined): Promise<Examined> {
  const file = resolve(module);
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
  const exported = await load(file);
  const name = exportName ?? NAMES.find((one) => exported[one] !== undefined);
  const value = name === undefined ? undefined : exported[name];
  if (name === undefined || value === undefined) {
    const found = Object.keys(exported).join(', ') || 'nothing';
    throw new UsageError(
      `${module} exports ${found}, but no ${exportName === undefined ? ACCEPTED_EXPORTS : `\`${exportName}\``}; --export <name> chooses another`,
    );
  }
  return { harness: await harnessFrom(value, `the export \`${name}\` of ${module}`), package: packageOf(file) };
}

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const remedy =
      code === 'ERR_UNKNOWN_FILE_EXTENSION'
        ? "; Node.js loads TypeScript by itself since 22.18, before that with NODE_OPTIONS='--import tsx', or name what it was compiled to"
        : '';
    throw new UsageError(
      `${file} could not be loaded${remedy}:\n${error instanceof Error ? (error.stack ?? error.message) : show(error)}`,
      { cause: error },
    );
  }
}

async function harnessFrom(value: unknown, what: string): Promise<Harness> {
  if (typeof value !== 'function') {
    const given: unknown = await value;
    if (isBackend(given))
      throw new UsageError(
        `${what} is one backend, but each case needs a fresh, empty place: export a function that makes one`,
      );
    return checkHarness(given, what);
  }
  if (/^class\b/.test(Function.prototype.toString.call(value)))
    throw new UsageError(`${what} is a class: export a function that makes one, \`() => new ${value.name}(…)\``);
  const make = value as (options: { readonly clock: () => number }) => unknown;
  const made: unknown = await make({ clock: Date.now });
  if (isBackend(made))
    return harnessAround(made, async (options) => ({ backend: (await make(options)) as StateBackend }));
  if (isLocation(made)) {
    await made.dispose?.();
    return harnessAround(made.backend, async (options) => (await make(options)) as Location);
  }
  return checkHarness(made, `what ${what} returned`);
}

/** Examined for what it declares, with none of the hooks. */
function harnessAround({ name, capabilities }: StateBackend, create: Harness['create']): Harness {
  return { name, expect: capabilities, create };
}

function isBackend(value: unknown): value is StateBackend {
  return isObject(value) && ['read', 'write', 'scan'].every((method) => typeof value[method] === 'function');
}

function isLocation(value: unknown): value is Location {
  return isObject(value) && isBackend(value['backend']);
}

function checkHarness(value: unknown, what: string): Harness {
  if (!isObject(value) || !('create' in value || 'expect' in value))
    throw new UsageError(`${what} is neither a harness nor a function that makes a backend, but ${show(value)}`);
  const wrong = [
    ...(typeof value['name'] === 'string' && value['name'] !== '' ? [] : ['name: a name for reports']),
    ...(typeof value['create'] === 'function' ? [] : ['create: a function that makes { backend }']),
    ...wrongCapabilities(value['expect']),
  ];
  if (wrong.length > 0) throw new UsageError(`${what} is no harness yet; it needs\n  ${wrong.join('\n  ')}`);
  return value as unknown as Harness;
}

function wrongCapabilities(expect: unknown): readonly string[] {
  if (!isObject(expect)) return ['expect: the capabilities that the store must show'];
  const domains: Readonly<Record<keyof BackendCapabilities, (value: unknown) => boolean>> = {
    durability: (value) => ['none', 'process', 'power-loss'].includes(value as string),
    sharing: (value) => ['none', 'process', 'host', 'network'].includes(value as string),
    reads: (value) => ['latest', 'may-be-stale'].includes(value as string),
    reclaims: (value) => typeof value === 'boolean',
    maxBodyBytes: (value) => typeof value === 'number' && value > 0,
  };
  return Object.entries(domains)
    .filter(([name, holds]) => !holds(expect[name]))
    .map(([name]) => `expect.${name}, as in BackendCapabilities, not ${show(expect[name])}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function packageOf(file: string): Examined['package'] {
  for (let directory = dirname(file), last = ''; directory !== last; last = directory, directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string; version?: string };
    if (name !== undefined) return { name, version };
  }
  return undefined;
}
