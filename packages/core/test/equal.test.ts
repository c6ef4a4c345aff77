import { expect, it } from 'vitest';
import { equal } from '../src/equal.js';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

it.each<[unknown, unknown]>([
  [0, -0],
  [Number.NaN, Number.NaN],
  [bytes(1, 2), bytes(1, 2)],
  [bytes(), bytes()],
  [{ a: [1, { b: undefined }] }, { a: [1, { b: undefined }] }],
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [null, null],
])('%j equals %j', (a, b) => {
  expect([equal(a, b), equal(b, a)]).toEqual([true, true]);
});

it.each<[unknown, unknown]>([
  [1, 2],
  [bytes(1, 2), bytes(1)],
  [bytes(1, 2), bytes(1, 3)],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: undefined }, { b: undefined }],
  [{}, null],
  [{ a: {} }, { a: null }],
  [{}, 1],
  [[1], [1, 2]],
])('%j is not %j', (a, b) => {
  expect([equal(a, b), equal(b, a)]).toEqual([false, false]);
});
