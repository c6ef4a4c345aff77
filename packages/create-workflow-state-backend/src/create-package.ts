// Copies the template, under the new names, with the versions that this package was released with.
//
// The template is a package that works as it is, checked and linted in its repository. Where it says `my-backend`,
// `myBackend` and `MyBackend`, the copy says its own names; nothing else is generated.

import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capital, type Names } from './names.js';

const TEMPLATE = fileURLToPath(new URL('../template', import.meta.url));

export interface NewPackage {
  /** Made when absent; else it must be empty. */
  readonly directory: string;
  readonly names: Names;
  /** Range of each dependency, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** @throws before anything is written, where the directory is not empty or a version is missing. */
export function createPackage({ directory, names, versions }: NewPackage): void {
  refuseOccupied(directory);
  const manifest = manifestWith(versions);
  cpSync(TEMPLATE, directory, { recursive: true });
  // Under their own names npm and its checks would take these two for this package's own.
  renameSync(join(directory, 'gitignore'), join(directory, '.gitignore'));
  rmSync(join(directory, 'manifest.json'));
  renameSync(join(directory, 'src/my-backend.ts'), join(directory, 'src', `${names.file}.ts`));
  writeFileSync(join(directory, 'package.json'), manifest);
  for (const file of ['package.json', 'README.md', 'src/index.ts', `src/${names.file}.ts`, 'test/harness.ts']) {
    const path = join(directory, file);
    writeFileSync(path, renamed(readFileSync(path, 'utf8'), names, file.endsWith('.ts') ? names.file : names.package));
  }
}

function renamed(text: string, names: Names, called: string): string {
  return text
    .replaceAll('my-backend', called)
    .replaceAll('myBackend', names.function)
    .replaceAll('MyBackend', capital(names.function));
}

function refuseOccupied(directory: string): void {
  if (!existsSync(directory)) return;
  if (!statSync(directory).isDirectory()) throw new Error(`${directory} is a file: name a directory`);
  const [first] = readdirSync(directory);
  if (first !== undefined)
    throw new Error(`${directory} is not empty (it has ${first}): name a new directory, or an empty one`);
}

function manifestWith(versions: Readonly<Record<string, string>>): string {
  const manifest = JSON.parse(readFileSync(join(TEMPLATE, 'manifest.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;
  for (const kind of ['dependencies', 'devDependencies'] as const) {
    for (const name of Object.keys(manifest[kind])) {
      const version = versions[name];
      if (version === undefined) throw new Error(`no version of ${name} is known`);
      manifest[kind][name] = version;
    }
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
