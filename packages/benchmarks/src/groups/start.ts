// What a cold start pays: the import in a process that has imported nothing else, and the size of what is deployed.

import { execFile } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { contest, type Entrant } from '../contest.js';
import { type Figure, type Missing, missingBecause, type Table } from '../results.js';
import { spreadOf } from '../spread.js';
import type { Group } from './group.js';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const CONTENDERS = fileURLToPath(new URL('../../contenders/', import.meta.url));

interface Module {
  readonly name: string;
  readonly specifiers: readonly string[];
  /** Run after the imports, as `m0` and so on: loads what is otherwise loaded at the first use. */
  readonly use?: string;
  /** Where they are resolved. */
  readonly from: string;
}

const OURS: readonly Module[] = [
  { name: '@workflow-state/core', specifiers: ['@workflow-state/core'], from: HERE },
  { name: '@workflow-state/memory', specifiers: ['@workflow-state/memory'], from: HERE },
  { name: '@workflow-state/filesystem', specifiers: ['@workflow-state/filesystem'], from: HERE },
  { name: '@workflow-state/lru-cache', specifiers: ['@workflow-state/lru-cache'], from: HERE },
  { name: '@workflow-state/lease', specifiers: ['@workflow-state/lease'], from: HERE },
  { name: '@workflow-state/s3', specifiers: ['@workflow-state/s3'], from: HERE },
];

const PEERS: readonly Module[] = [
  { name: '@aws-sdk/client-s3 alone', specifiers: ['@aws-sdk/client-s3'], from: HERE },
  { name: 'better-sqlite3', specifiers: ['better-sqlite3'], use: "new m0.default(':memory:')", from: CONTENDERS },
  { name: 'lmdb', specifiers: ['lmdb'], from: CONTENDERS },
  { name: 'classic-level', specifiers: ['classic-level'], from: CONTENDERS },
  { name: 'unstorage, fs driver', specifiers: ['unstorage', 'unstorage/drivers/fs'], from: CONTENDERS },
  { name: 'keyv, keyv-file', specifiers: ['keyv', 'keyv-file'], from: CONTENDERS },
  { name: 'LangGraph MemorySaver', specifiers: ['@langchain/langgraph-checkpoint'], from: CONTENDERS },
  { name: 'LangGraph SqliteSaver', specifiers: ['@langchain/langgraph-checkpoint-sqlite'], from: CONTENDERS },
  { name: 'Vercel Workflow, local world', specifiers: ['@workflow/world-local'], from: CONTENDERS },
];

export const START: Group = {
  name: 'start',
  title: 'Cold start: import and size',
  packages: [...new Set(PEERS.flatMap(({ specifiers }) => specifiers.filter((one) => !one.includes('drivers'))))],
  async run({ quick, progress }) {
    const missing: Missing[] = [];
    const entrants: Entrant[] = [];
    for (const module of [...OURS, ...PEERS]) {
      progress(`import of ${module.name}`);
      try {
        await importTime(module);
        entrants.push({ name: module.name, round: () => importTime(module) });
      } catch (error) {
        missing.push(missingBecause(module.name, error));
      }
    }
    progress('imports');
    const imports = await contest(entrants, { rounds: quick ? 3 : 11, warmUp: 1, floor: '@workflow-state/core' });
    progress('bundles');
    return {
      facts: {},
      tables: [
        {
          id: 'import',
          title: 'import in a new process',
          unit: 'ms',
          floor: '@workflow-state/core',
          figures: imports,
          missing,
        },
        await sizes(),
      ],
    };
  },
};

/** Milliseconds from before the first import to after the last; the loader itself is there by then. */
async function importTime({ specifiers, use = '', from }: Module): Promise<number> {
  const imports = specifiers.map((one, index) => `const m${index} = await import(${JSON.stringify(one)});`).join(' ');
  const code = `await import('data:text/javascript,'); const begin = performance.now(); ${imports} ${use}; console.log(performance.now() - begin); process.exit()`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: from });
  return Number(stdout);
}

/** Minified and gzipped, in thousands of bytes. */
async function sizes(): Promise<Table> {
  const figures: Figure[] = [];
  const add = (name: string, bytes: number): void => {
    figures.push({ name, time: spreadOf([bytes / 1000]) });
  };
  const apart = ['@workflow-state/core', '@aws-sdk/*', '@smithy/*', 'fs-extra', 'lru-cache'];
  for (const module of OURS)
    add(
      `${module.name}, alone`,
      await bundled(
        module,
        apart.filter((name) => name !== module.name),
      ),
    );
  for (const module of OURS.slice(1))
    add(`${module.name}, with all it imports`, await bundled(module, ['@aws-sdk/*', '@smithy/*']));
  const s3 = OURS.find(({ name }) => name.endsWith('/s3'));
  if (s3 !== undefined) add('@workflow-state/s3, with the SDK', await bundled(s3, []));
  for (const module of PEERS.filter(({ name }) => !NATIVE.includes(name))) add(module.name, await bundled(module, []));
  return { id: 'size', title: 'minified and gzipped', unit: 'KB', figures };
}

/** Their size is that of a library of the platform. */
const NATIVE = ['better-sqlite3', 'lmdb', 'classic-level', 'LangGraph SqliteSaver'];

/** The entry, and the chunks that it imports at once: what is imported later is not paid at the start. */
async function bundled({ specifiers, from }: Module, external: readonly string[]): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: specifiers.map((one, index) => `export * as m${index} from ${JSON.stringify(one)};`).join(''),
      resolveDir: from,
    },
    absWorkingDir: from,
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    external: [...external],
    outdir: 'bundle',
    logLevel: 'error',
  });
  const loaded = new Set(['bundle/stdin.js']);
  for (const path of loaded)
    for (const { path: other, kind, external: apart } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && apart !== true) loaded.add(other);
  const atOnce = outputFiles.filter(({ path }) => loaded.has(relative(from, path).replaceAll('\\', '/')));
  return gzipSync(Buffer.concat(atOnce.map(({ contents }) => contents)), { level: 9 }).length;
}
