// Which cases are asked for, by the ways people name them.

import type { ConformanceCase } from './case.js';

/**
 * The cases that any of `wanted` names: a clause (`3`), an id (`3.counter`), a glob (`*-one-winner`), or the beginning of
 * ids (`3.racing`). A whole id names that case alone, though others may begin with it.
 * @throws `RangeError` for one that names none
 */
export function selectCases(
  cases: readonly ConformanceCase[],
  wanted: readonly (string | number)[],
): ReadonlySet<ConformanceCase> {
  return new Set(
    wanted.flatMap((name) => {
      const named = casesNamed(cases, String(name));
      if (named.length === 0)
        throw new RangeError(
          `only: there is no case or clause ${name}; name a clause (3), a case (3.counter), its beginning (3.racing) or a glob (*-one-winner)`,
        );
      return named;
    }),
  );
}

function casesNamed(cases: readonly ConformanceCase[], name: string): readonly ConformanceCase[] {
  if (/^\d+$/.test(name)) return cases.filter(({ clause }) => clause === Number(name));
  if (name.includes('*')) {
    const glob = new RegExp(`^${name.split('*').map(escapeRegExp).join('.*')}$`);
    return cases.filter(({ id }) => glob.test(id));
  }
  const exact = cases.filter(({ id }) => id === name);
  return exact.length > 0 || name === '' ? exact : cases.filter(({ id }) => id.startsWith(name));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
