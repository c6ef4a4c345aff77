import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLicence } from '../src/licence.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'licence-test-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function packageWith(manifest: object, files: Readonly<Record<string, string>> = {}): Promise<string> {
  mkdirSync(join(root, 'p'));
  writeFileSync(join(root, 'p', 'package.json'), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'p', name), text);
  return readLicence(root, 'p');
}

describe('the licence of a package', () => {
  it('is what the manifest says', async () => {
    expect(await packageWith({ license: '(MIT OR CC0-1.0)' }, { LICENSE: 'Apache License, Version 2.0' })).toBe(
      '(MIT OR CC0-1.0)',
    );
  });

  it('is read from manifests of old', async () => {
    expect(await packageWith({ licenses: [{ type: 'MIT' }, { type: 'GPL-2.0' }] })).toBe('MIT OR GPL-2.0');
  });

  it('is recognized by the text of its file', async () => {
    expect(await packageWith({}, { 'licence.md': 'Permission is hereby granted, free of charge, to any person' })).toBe(
      'MIT',
    );
  });

  it('is unknown where nothing says it', async () => {
    expect(await packageWith({}, { LICENSE: 'All mine.' })).toBe('unknown');
  });
});
