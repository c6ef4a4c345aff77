// What a run leaves: one file of JSON per group, from which charts and README are made without running anything.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.js';
import type { Spread } from './spread.js';

export interface Figure {
  readonly name: string;
  readonly time: Spread;
  /** To the floor of the table, in the same rounds. */
  readonly ratio?: Spread;
}

export interface Missing {
  readonly name: string;
  readonly why: string;
}

/** What a contender that cannot run here says, without the folders of this machine. */
export function missingBecause(name: string, error: unknown): Missing {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n').find((one) => one.includes('Error')) ?? text.split('\n')[0] ?? '';
  const why = line.replace(/^.*?Error(?: \[\w+\])?: /, '').replace(/ imported from .*$/, '');
  return { name, why: why.replaceAll(/(?:file:\/\/)?(?:\/[\w.@-]+){2,}/g, '…') };
}

export interface Table {
  /** Unique in the group; charts, README and budgets find it by this. */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly floor?: string;
  readonly figures: readonly Figure[];
  readonly missing?: readonly Missing[];
}

export interface GroupResult {
  readonly group: string;
  readonly quick: boolean;
  readonly date: string;
  /** Of the code that was measured. */
  readonly commit: string;
  readonly machine: Machine;
  /** Of the packages that took part. */
  readonly versions: Readonly<Record<string, string>>;
  /** What else describes the run: filesystems, servers, sizes. */
  readonly facts: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
}

const directory = new URL('../results/', import.meta.url);

export function readResult(group: string): GroupResult | undefined {
  const file = new URL(`${group}.json`, directory);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GroupResult) : undefined;
}

/** @returns the path. */
export function writeResult(result: GroupResult): string {
  const file = fileURLToPath(new URL(`${result.group}.json`, directory));
  writeFileSync(file, `${JSON.stringify(result, undefined, 1)}\n`);
  return file;
}
