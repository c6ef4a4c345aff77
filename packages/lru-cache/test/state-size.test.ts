import { expect, it } from 'vitest';
import { sizeOf } from '../src/state-size.js';

it.each<[unknown, number]>([
  ['', 16],
  ['abc', 16 + 6],
  [5, 16],
  [null, 16],
  [undefined, 16],
  [new Uint8Array(1000), 128 + 1000],
  [{}, 64],
  [{ ab: 'c', n: null }, 64 + 4 + 18 + 2 + 16],
  [new Date(0), 64],
  [['a', 'b'], 64 + 2 + 18 + 2 + 18],
])('%j occupies %i bytes', (value, size) => {
  expect(sizeOf(value)).toBe(size);
});
