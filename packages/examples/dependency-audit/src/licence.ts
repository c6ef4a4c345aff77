// The licence of a package: what its manifest says, else what its licence file begins with, else unknown.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest } from './installed-package.js';

export const UNKNOWN = 'unknown';

const HEADLINES: readonly (readonly [RegExp, string])[] = [
  [/apache license,?\s+version 2\.0/i, 'Apache-2.0'],
  [/permission is hereby granted, free of charge/i, 'MIT'],
  [/permission to use, copy, modify, and(?:\/or)? distribute/i, 'ISC'],
  [/redistribution and use in source and binary forms/i, 'BSD'],
  [/mozilla public license,?\s+version 2\.0/i, 'MPL-2.0'],
];

export async function readLicence(root: string, path: string): Promise<string> {
  return declared((await readManifest(root, path)) ?? {}) ?? (await recognized(join(root, path))) ?? UNKNOWN;
}

/** An SPDX expression in `license`; in old manifests an object, or several in `licenses`. */
function declared(manifest: Readonly<Record<string, unknown>>): string | undefined {
  const { license, licenses } = manifest;
  const found = [license, ...(Array.isArray(licenses) ? (licenses as readonly unknown[]) : [])].flatMap(nameOf);
  return found.length === 0 ? undefined : found.join(' OR ');
}

function nameOf(licence: unknown): readonly string[] {
  if (typeof licence === 'string') return [licence];
  return typeof licence === 'object' && licence !== null && 'type' in licence ? [String(licence.type)] : [];
}

async function recognized(directory: string): Promise<string | undefined> {
  const name = (await readdir(directory)).find((file) => /^licen[cs]e(?:\.|$)/i.test(file));
  if (name === undefined) return undefined;
  const text = await readFile(join(directory, name), 'utf8');
  return HEADLINES.find(([headline]) => headline.test(text))?.[1];
}
