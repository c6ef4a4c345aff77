#!/usr/bin/env node
// `npm create workflow-state-backend my-backend`.

import { readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createPackage } from './create-package.js';
import { namesFrom } from './names.js';

/**
 * This package's own manifest. Its development dependencies are what the template was checked with; packing has put
 * the versions in their place.
 */
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};

const HELP = `create-workflow-state-backend ${manifest.version}: makes a package for a backend of workflow-state.

  npm create workflow-state-backend <directory> [-- --name <package name>]

It holds a backend that works, in memory, and tests that run the conformance suite on it: npm install, npm test, and
replace the memory by your storage.

  --name <package name>   default: the name of the directory; @acme/redis-backend for one in a scope
  --help
`;

function main(args: readonly string[]): void {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { name: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return void process.stdout.write(HELP);
  const [given, ...more] = positionals;
  if (given === undefined || more.length > 0) throw new Error('name one directory, such as my-backend');
  const directory = resolve(given);
  const names = namesFrom(values.name ?? basename(directory));
  createPackage({ directory, names, versions: manifest.devDependencies });
  const place = relative('', directory);
  process.stdout.write(`${names.package} is made. Next:

${place === '' ? '' : `  cd ${place}\n`}  npm install
  npm test                        the conformance suite, on a backend in memory

Then replace the memory in src/${names.file}.ts by your storage. The guide, from the interface to publishing, is
node_modules/@workflow-state/core/WRITING-A-BACKEND.md
`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`create-workflow-state-backend: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write('(--help tells what it accepts)\n');
  process.exitCode = 2;
}
