import { describe, expect, it } from 'vitest';
import { compare, reproduced } from '../src/report/compare.js';
import { type Figure, type GroupResult, missingBecause } from '../src/results.js';

function result(...figures: readonly Figure[]): GroupResult {
  return {
    group: 'g',
    quick: false,
    date: '2026-01-01',
    commit: 'abc',
    machine: { cpu: 'c', cores: 2, memoryGiB: 1, system: 's', node: 'v20' },
    versions: {},
    facts: {},
    tables: [{ id: 't', title: 'a table', unit: 'µs', figures, missing: [{ name: 'c', why: 'no compiler' }] }],
  };
}

const exactly = (median: number) => ({ median, low: median, high: median, best: median });

describe('a run beside the committed one', () => {
  const committed = result({ name: 'a', time: exactly(100), ratio: { median: 2, low: 1.5, high: 2.5, best: 1.4 } });

  it('counts a figure as reproduced when the quartiles of its ratio overlap, however fast the machine is', () => {
    const faster = result({ name: 'a', time: exactly(1), ratio: exactly(2.4) }, { name: 'new', time: exactly(1) });
    expect(reproduced(faster, committed)).toEqual({ of: 1, agreeing: 1 });
    for (const [low, median, agreeing] of [
      [2.4, 3, 1],
      [2.6, 3, 0],
    ] as const) {
      const slower = result({ name: 'a', time: exactly(100), ratio: { median, low, high: 4, best: low } });
      expect(reproduced(slower, committed)).toEqual({ of: 1, agreeing });
    }
    expect(reproduced(faster, undefined)).toEqual({ of: 0, agreeing: 0 });
  });

  it('compares nothing that was measured once: there is no spread to be within', () => {
    const once = result({ name: 'a', time: exactly(100) });
    const other = result({ name: 'a', time: exactly(101) });
    expect(reproduced(other, once)).toEqual({ of: 0, agreeing: 0 });
    expect(compare(other, once)).not.toMatch(/agrees|differs/);
    const counted = (count: number): GroupResult => {
      const [table] = result({ name: 'a', time: exactly(count) }).tables;
      return { ...once, tables: [{ ...table!, unit: 'requests' }] };
    };
    expect(reproduced(counted(3), counted(2))).toEqual({ of: 1, agreeing: 0 });
  });

  it('says so in its text, and names who is missing', () => {
    const text = compare(result({ name: 'a', time: exactly(100), ratio: exactly(2.6) }), committed);
    expect(text).toContain('committed 2.00 (1.50-2.50), differs');
    expect(text).toContain('c: missing, no compiler');
  });
});

describe('a missing contender', () => {
  it.each([
    [
      new Error("Cannot find package 'lmdb' imported from /home/me/contenders/import.mjs"),
      "Cannot find package 'lmdb'",
    ],
    [
      new Error('Command failed: /usr/bin/node x\nnode:internal\nError: no such table: a\n    at /a/b.js:1'),
      'no such table: a',
    ],
    [new Error('its process ended with SIGSEGV: '), 'its process ended with SIGSEGV: '],
  ])('says why without a folder of this machine: %s', (error, why) => {
    expect(missingBecause('lmdb', error)).toEqual({ name: 'lmdb', why });
  });
});
