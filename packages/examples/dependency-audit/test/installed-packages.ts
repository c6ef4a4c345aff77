// A small pnpm store: as many packages as are needed for a stage to have a middle.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function installPackages(root: string, count = 40): string {
  const store = join(root, 'node_modules', '.pnpm');
  mkdirSync(store, { recursive: true });
  for (let i = 0; i < count; i++) {
    const name = `package-${String(i).padStart(2, '0')}`;
    const directory = join(store, `${name}@1.0.0`, 'node_modules', name);
    mkdirSync(join(directory, 'lib'), { recursive: true });
    writeFileSync(
      join(directory, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', license: i % 3 === 0 ? 'ISC' : 'MIT' }),
    );
    writeFileSync(join(directory, 'lib', 'index.js'), `export const number = ${i};\n`);
  }
  return store;
}
