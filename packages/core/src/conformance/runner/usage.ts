// What the command accepts, and its exit codes.

import { parseArgs } from 'node:util';
import { ACCEPTED_EXPORTS } from './load-harness.js';
import { UsageError } from './usage-error.js';

export const EXIT = {
  /** No broken promise was found, and what was asked for was examined. */
  kept: 0,
  /** A promise is broken. */
  broken: 1,
  /** The command, the module or its harness is not usable: nothing was examined. */
  unusable: 2,
  /** Nothing broken was found, but no case could be run, or with --strict not all that apply. */
  unproved: 3,
} as const;

export interface Asked {
  readonly module: string | undefined;
  readonly exportName: string | undefined;
  readonly seed: number | undefined;
  readonly only: readonly string[] | undefined;
  /** A file, or `-` for the standard output. */
  readonly json: string | undefined;
  readonly strict: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export function helpText(version: string): string {
  return `workflow-state-conformance ${version}: finds out whether a backend or a wrapper keeps the contract.

  npx --package @workflow-state/core workflow-state-conformance ./my-backend.js

The module exports, as ${ACCEPTED_EXPORTS}, one of
  - a harness, or a function that makes one (type Harness of @workflow-state/core/conformance): every hook it has makes
    more cases run;
  - a function that makes a backend over a fresh, empty place at every call: export default () => myBackend(newPlace());
    what its capabilities declare is examined;
  - a function that makes { backend, dispose }, where the place is to be removed after each case.
A promise of any of these will do. The function is called with { clock }.

  --only <cases>      clauses (3), cases (3.counter), beginnings (3.racing) or globs ('*-one-winner'), separated by
                      commas; may be given again
  --seed <number>     0 to 4294967295, as a failure names it; default: drawn anew
  --json <file.json>  also writes the report as JSON; - for the standard output, with the readable one on standard error
  --strict            cases that could not be run (a hook is missing, fast-check is not installed) make the report red
  --export <name>     examines that export of the module
  --list              only lists the cases; with a module also tells which will not run on it, and why
  --help

Exit code ${EXIT.kept}: no broken promise was found. ${EXIT.broken}: a promise is broken. ${EXIT.unusable}: the command or the module cannot be used.
${EXIT.unproved}: nothing was found broken, but no case could be run, or, with --strict, not all.

The property cases need fast-check beside the suite (npm install --save-dev fast-check, or npx --package fast-check as
well); without it they are reported as not run. Modules in TypeScript load where Node.js loads them: by itself since
22.18, before that with NODE_OPTIONS='--import tsx'.
`;
}

export function parseCommandLine(args: readonly string[]): Asked {
  let parsed;
  try {
    parsed = parseArgs({
      // A bare `--json` means the standard output.
      args: args.map((arg, at) => (arg === '--json' && (args[at + 1] ?? '--').startsWith('--') ? '--json=-' : arg)),
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        export: { type: 'string' },
        strict: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (positionals.length > 1) throw new UsageError(`one module at a time, not ${positionals.join(', ')}`);
  if (values.json !== undefined && values.json !== '-' && !values.json.endsWith('.json'))
    throw new UsageError(
      `--json: ${values.json} does not end in .json, and will not be written over; - means the standard output`,
    );
  return {
    module: positionals[0],
    exportName: values.export,
    seed: values.seed === undefined ? undefined : seedOf(values.seed),
    only: values.only?.flatMap((list) => list.split(',')).map((name) => name.trim()),
    json: values.json,
    strict: values.strict,
    list: values.list,
    help: values.help,
  };
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > 0xffff_ffff)
    throw new UsageError(`--seed: ${text} is no whole number from 0 to 4294967295`);
  return seed;
}
