// Binds the cases to any test runner that has `describe` and `it`: vitest, node:test, jest, mocha, bun.

import { CASES } from './cases/index.js';
import { CLAUSES } from './clauses.js';
import type { Harness } from './harness.js';
import { type CaseResult, runCase, whyNot } from './run-case.js';
import { newSeed } from './validate.js';

export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  /** The test's own context is looked at for `skip`, which vitest and node:test pass. */
  readonly it: (name: string, body: (context?: unknown) => Promise<void>, timeoutMs?: number) => unknown;
  /** How that runner shows what was not run, such as `it.skip`. Without it a test of that title, which only passes. */
  readonly skip?: ((name: string, body: () => Promise<void>) => unknown) | undefined;
}

export interface RegisterOptions {
  /** Default: drawn anew at each run, and named by failures. */
  readonly seed?: number | undefined;
  /** Whether a case that could not be run, for want of a hook, is red. Default `false`: it is shown, by its title. */
  readonly strict?: boolean | undefined;
  /** Called with the result of every case that ran. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
}

/** One test per case, grouped by clause. What will not run has a title that says why. */
export function registerConformance(
  { describe, it, skip }: TestRunner,
  harness: Harness,
  options: RegisterOptions = {},
): void {
  const { seed = newSeed(), strict = false, onResult } = options;
  const show = skip ?? it;
  describe(`conformance of ${harness.name} (seed ${seed})`, () => {
    it('names only cases of the contract in knownGaps, and runs some', async () => {
      for (const id of Object.keys(harness.knownGaps ?? {})) {
        if (!CASES.some((one) => one.id === id)) throw new Error(`knownGaps names ${id}, which is no case`);
      }
      if (CASES.every((one) => whyNot(one, harness) !== undefined))
        throw new Error('no case can be run on this harness');
    });

    for (const { number, name } of CLAUSES) {
      const cases = CASES.filter(({ clause }) => clause === number);
      if (cases.length === 0) continue;
      describe(`${number}. ${name}`, () => {
        for (const one of cases) {
          const barred = whyNot(one, harness);
          const title = `${one.id}: ${one.title}`;
          if (barred === undefined) {
            it(
              harness.knownGaps?.[one.id] === undefined ? title : `known gap: ${title}`,
              async (context) => settle(await runCase(one, harness, seed), context),
              ((one.timeoutMs ?? 30_000) + 15_000) * (harness.patience ?? 1),
            );
          } else if (barred.outcome === 'notRun' && strict) {
            it(`not run: ${title}`, async () => {
              throw new Error(`not run: ${barred.reason}`);
            });
          } else {
            const word =
              barred.outcome === 'notRun'
                ? 'not run'
                : barred.outcome === 'unsupported'
                  ? 'unsupported'
                  : 'not applicable';
            show(`${word} (${barred.reason}): ${title}`, async () => undefined);
          }
        }
      });
    }

    function settle(result: CaseResult, context: unknown): void {
      onResult?.(result);
      const { outcome, reason = '', error } = result;
      if (outcome === 'passed' || outcome === 'knownGap') return;
      if (outcome === 'failed' || outcome === 'crashed') throw error ?? new Error(`${result.id}: ${reason}`);
      // Found out only while it ran.
      if (outcome === 'notRun' && strict) throw new Error(`not run: ${reason}`);
      if (hasSkip(context)) context.skip(`${outcome}: ${reason}`);
      else if (outcome === 'notRun') throw new Error(`not run, and this runner has no way to show it: ${reason}`);
    }
  });
}

function hasSkip(context: unknown): context is { skip(reason: string): void } {
  return typeof context === 'object' && context !== null && 'skip' in context && typeof context.skip === 'function';
}
