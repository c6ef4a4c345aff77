import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortNames } from '../src/sort-names.js';

describe('names', () => {
  it('are sorted as texts are', () => {
    const digits = fc.string({ unit: fc.constantFrom('0', '1', 'f', '.'), minLength: 5, maxLength: 9 });
    const any = fc.string({ unit: fc.oneof(fc.constantFrom('\0', '0', '~', '\u007f', 'é', '\uffff'), fc.string()) });
    fc.assert(
      fc.property(fc.array(fc.oneof(digits, any), { maxLength: 60 }), (names) => {
        expect(sortNames(names)).toEqual([...names].sort());
      }),
      { numRuns: 1000 },
    );
  });

  it('that all begin alike are, too, and more than have a place in a number', () => {
    const alike = Array.from({ length: 150_000 }, (_, at) => `00000${(at * 7919) % 150_000}`);
    const many = Array.from({ length: 2 ** 18 + 1 }, (_, at) =>
      ((at * 40_503) % 2 ** 20).toString(16).padStart(5, '0'),
    );
    for (const names of [alike, many]) {
      const expected = [...names].sort();
      // Not toEqual: to show the difference of two such lists takes for ever.
      expect(sortNames(names).findIndex((name, at) => name !== expected[at])).toBe(-1);
    }
  });
});
