import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fingerprint } from '../src/fingerprint.js';

it('is of what was published: not of links, of .bin, or of what a compiler remembers', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  try {
    mkdirSync(join(directory, 'dist'));
    writeFileSync(join(directory, 'package.json'), '{}');
    writeFileSync(join(directory, 'dist', 'index.js'), 'export {};');
    const before = await fingerprint(directory);
    expect(before).toMatchObject({ files: 2, bytes: 12 });
    mkdirSync(join(directory, 'node_modules', '.bin'), { recursive: true });
    writeFileSync(join(directory, 'node_modules', '.bin', 'tsc'), '#!/bin/sh');
    symlinkSync(directory, join(directory, 'dist', 'link'));
    writeFileSync(join(directory, 'dist', 'tsconfig.tmp.tsbuildinfo'), '{}');
    expect(await fingerprint(directory)).toEqual(before);
    writeFileSync(join(directory, 'dist', 'more.js'), '');
    expect((await fingerprint(directory)).sha256).not.toBe(before.sha256);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
