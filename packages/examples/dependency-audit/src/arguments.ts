// The command line of the demo.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface DemoArguments {
  /** Absent: a directory of its own, removed at the end. */
  readonly store?: string | undefined;
  readonly root: string;
  readonly out: string;
  readonly help: boolean;
}

export const HELP = `Audits the dependencies installed in this checkout, as a workflow that is killed twice and finishes anyway.

  npm run demo -- [options]

  --store <url>       where the state is kept, and left for a look afterwards:
                      file:<directory>, s3://<bucket>/<prefix>, lru+file:<directory>?lru.max=100&…,
                      or memory: to see what happens where nothing is kept
                      (default: a directory of its own, removed at the end)
  --packages <dir>    the pnpm store to audit (default: this checkout's node_modules/.pnpm)
  --out <dir>         where report and journal go (default: packages/examples/dependency-audit/reports)
  --help              this text`;

/** A mistake in the command line: one line for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseArguments(args: readonly string[]): DemoArguments {
  const { store, packages, out, help } = parse(args);
  const root = packages === undefined ? fromHere('../../../../node_modules/.pnpm') : resolve(packages);
  if (!existsSync(root)) throw new UsageError(`there are no packages to audit in ${root}`);
  return {
    store,
    root,
    out: out === undefined ? fromHere('../reports') : resolve(out),
    help: help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        store: { type: 'string' },
        packages: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    // The first sentence says what is wrong, the others explain how parseArgs works.
    const [message] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new UsageError(`${message}; see npm run demo -- --help`, { cause: error });
  }
}

function fromHere(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
