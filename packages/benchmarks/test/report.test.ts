import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GROUPS } from '../src/groups/all.js';
import { type Budget, budgetsOf, verdictOf } from '../src/report/budgets.js';
import { fill } from '../src/report/readme.js';
import { committedResults, rendered } from '../src/report/render.js';

const results = committedResults();
const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

describe('what is committed', () => {
  it(
    'has charts and READMEs exactly as its results make them: else run `npm run bench -- --render`',
    { timeout: 120_000 },
    async () => {
      const files = await rendered(results);
      const stale = [...files].filter(([path, text]) => readFileSync(path, 'utf8') !== text);
      expect(stale.map(([path]) => path)).toEqual([]);
      const charts = readdirSync(here('charts')).map((name) => here(`charts/${name}`));
      expect(charts.toSorted()).toEqual([...files.keys()].filter((path) => path.endsWith('.svg')).toSorted());
    },
  );

  it('has a result for every group', () => {
    expect([...results.keys()].toSorted()).toEqual(GROUPS.map(({ name }) => name).toSorted());
  });

  it('comes from full runs', () => {
    expect([...results.values()].filter(({ quick }) => quick).map(({ group }) => group)).toEqual([]);
  });

  it('measures every budget', () => {
    const open = budgetsOf(results).filter((budget) => verdictOf(budget) === 'not measured');
    expect(open.map(({ what }) => what)).toEqual([]);
  });

  it('shows every chart in the README', () => {
    const readme = readFileSync(here('README.md'), 'utf8');
    const shown = new Set([...readme.matchAll(/\(charts\/([\w-]+\.svg)\)/g)].map(([, name]) => name));
    expect(readdirSync(here('charts')).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('has no measured figure outside the parts that are made', () => {
    const byHand = readFileSync(here('README.md'), 'utf8').replaceAll(
      /<!-- measured: [\w-]+ -->.*?<!-- end of measured -->/gs,
      '',
    );
    expect(byHand.match(/\d[\d.,]*\s?(?:×|µs|ms|%|\$)/g)).toBeNull();
  });

  it('names no folder of the machine that measured', () => {
    expect(JSON.stringify([...results.values()])).not.toMatch(/\/(?:home|root|tmp|work|dev|Users)\//);
  });
});

describe('a README', () => {
  it('that asks for a part which there is not is refused, naming those there are', () => {
    expect(() => fill('<!-- measured: wishes -->\n<!-- end of measured -->', results)).toThrow(
      "there is no part 'wishes'; there are machine, budgets,",
    );
  });

  it('made twice is the same', () => {
    const once = fill('a\n<!-- measured: s3-latency -->\nold\n<!-- end of measured -->\nb', results);
    expect(once).not.toContain('old');
    expect(fill(once, results)).toBe(once);
  });
});

describe('a budget', () => {
  const budget = (median: number, low: number, high: number): Budget => ({
    what: 'a',
    limit: 1,
    unit: '×',
    measured: { median, low, high, best: low },
  });

  it('is met at its limit, and missed above it', () => {
    expect(verdictOf(budget(1, 1, 1))).toBe('met');
    expect(verdictOf(budget(1.01, 1.01, 1.01))).toBe('missed');
  });

  it('says where the spread leaves it open', () => {
    expect(verdictOf(budget(0.9, 0.8, 1.2))).toBe('met, within the spread');
    expect(verdictOf(budget(1.1, 0.9, 1.2))).toBe('missed, within the spread');
    expect(verdictOf(budget(1.1, 1.05, 1.2))).toBe('missed');
  });
});
