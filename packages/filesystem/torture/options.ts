// Command lines of the programs here.

import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

/** In memory where there is room: containers often have 64 MiB there. */
export function fastDirectory(): string {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > 2 ** 30 ? memory : tmpdir();
}

export interface TortureOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly directory: string;
  /** A control: which mechanism to take out. */
  readonly sabotage: string | undefined;
}

export function tortureOptions(args: readonly string[]): TortureOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(process.pid) },
      directory: { type: 'string', default: fastDirectory() },
      sabotage: { type: 'string' },
    },
  });
  return {
    seconds: numberIn('seconds', values.seconds, 1),
    seed: numberIn('seed', values.seed, 0),
    directory: values.directory,
    sabotage: values.sabotage,
  };
}

function numberIn(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!(number >= least)) throw new Error(`--${name} takes a number of at least ${least}, not ${text}`);
  return number;
}
