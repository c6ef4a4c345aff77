import { expect, it } from 'vitest';
import { show } from '../src/show.js';

it.each<[unknown, string]>([
  ['a "b"\n', '"a \\"b\\"\\n"'],
  ['x'.repeat(58), `"${'x'.repeat(58)}"`],
  ['x'.repeat(59), `"${'x'.repeat(59)}… (61 characters)`],
  [7n, '7n'],
  [() => 5, 'a function'],
  [undefined, 'undefined'],
  [null, 'null'],
  [-0, '-0'],
  [0, '0'],
  [[1, 2], 'Array of 2'],
  [new Uint8Array(3), 'Uint8Array of 3'],
  [new Date(0), 'Date 1970-01-01T00:00:00.000Z'],
  [{}, 'Object'],
  [Object.create(null), 'undefined'],
  [Object.create({ constructor: undefined }), 'undefined'],
])('case %#: a value is shown as itself, short, on one line', (value, text) => {
  expect(show(value)).toBe(text);
});
