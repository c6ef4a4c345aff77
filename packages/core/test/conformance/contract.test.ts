import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CASES, CLAUSES, type ConformanceCase } from '../../src/conformance/index.js';

const page = readFileSync(new URL('../../CONTRACT.md', import.meta.url), 'utf8');

describe('CONTRACT.md', () => {
  it('has the clauses of the suite, in their words', () => {
    expect([...page.matchAll(/^## (\d+)\. (.+)$/gm)].map(([, number, name]) => `${number}. ${name}`)).toEqual(
      CLAUSES.map(({ number, name }) => `${number}. ${name}`),
    );
    for (const { promise } of CLAUSES) expect(page).toContain(`\n${promise}\n`);
  });

  it('lists under each clause the cases that examine it, and when they apply', () => {
    for (const { number } of CLAUSES) {
      const section = page.split(/^## /m).find((text) => text.startsWith(`${number}. `)) ?? '';
      const listed = section.split('\n').filter((line) => line.startsWith('- `'));
      expect(listed).toEqual(CASES.filter(({ clause }) => clause === number).map(lineOf));
    }
  });
});

function lineOf({ id, title, level, needs, denies, hooks, property }: ConformanceCase): string {
  const bounds = (of: object): string =>
    Object.entries(of)
      .map(([name, value]) => `${name}: ${typeof value === 'string' ? `'${value}'` : String(value)}`)
      .join(', ');
  const remarks = [
    ...(level === 'backend' ? ['backend'] : []),
    ...(needs === undefined ? [] : [`needs ${bounds(needs)}`]),
    ...(denies === undefined ? [] : [`denies ${bounds(denies)}`]),
    ...(hooks === undefined ? [] : [`hook ${hooks.join(', ')}`]),
    ...(property === true ? ['fast-check'] : []),
  ];
  return `- \`${id}\`: ${title}.${remarks.length === 0 ? '' : ` *(${remarks.join('; ')})*`}`;
}
