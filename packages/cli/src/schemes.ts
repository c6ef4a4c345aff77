// The schemes that a store URL may have: those of this project, each loaded when a URL asks for it, and those of plugins.

import { pathToFileURL } from 'node:url';
import type { StoreScheme } from '@workflow-state/core';
import { UsageError } from './exit.js';

function lazy(scheme: string, load: () => Promise<StoreScheme>): StoreScheme {
  return { scheme, open: async (url, context) => (await load()).open(url, context) };
}

const BUILT_IN: readonly StoreScheme[] = [
  lazy('memory', async () => (await import('@workflow-state/memory')).memoryScheme),
  lazy('file', async () => (await import('@workflow-state/filesystem')).fileScheme),
  lazy('s3', async () => (await import('@workflow-state/s3')).s3Scheme),
  lazy('lru', async () => (await import('@workflow-state/lru-cache')).lruScheme),
];

/** A plugin's scheme goes before one of the same name. @throws `UsageError` */
export async function schemesWith(plugins: readonly string[]): Promise<readonly StoreScheme[]> {
  const schemes = [...BUILT_IN];
  for (const plugin of plugins) schemes.push(...(await schemesOf(plugin)));
  return schemes;
}

async function schemesOf(plugin: string): Promise<readonly StoreScheme[]> {
  const { resolve } = await import('import-meta-resolve');
  const from = pathToFileURL(`${process.cwd()}/`).href;
  // A path may be given as a shell completes it.
  const isPath = /^(?:\.{0,2}[/\\]|[a-z]:[/\\])|\.[cm]?js$/i.test(plugin);
  let exported: Readonly<Record<string, unknown>>;
  try {
    const url = isPath ? pathToFileURL(plugin).href : resolve(plugin, from);
    exported = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `--plugin ${plugin} could not be loaded from ${process.cwd()}: ${why}`,
      isPath ? 'give the path of a module' : `npm install ${plugin}, or give the path of a module`,
      { cause: error },
    );
  }
  // A CommonJS module shows its exports under `default` as well.
  const values = Object.values(exported).flatMap((value) =>
    typeof value === 'object' && value !== null && !isScheme(value) ? Object.values(value as object) : [value],
  );
  const schemes = [...new Set(values)].filter(isScheme);
  if (schemes.length > 0) return schemes;
  throw new UsageError(
    `--plugin ${plugin} exports no store scheme: it exports ${Object.keys(exported).join(', ') || 'nothing'}`,
    'export an object { scheme, open }, as StoreScheme of @workflow-state/core describes it',
  );
}

function isScheme(value: unknown): value is StoreScheme {
  if (typeof value !== 'object' || value === null) return false;
  const { scheme, open } = value as Partial<StoreScheme>;
  return typeof scheme === 'string' && typeof open === 'function';
}
