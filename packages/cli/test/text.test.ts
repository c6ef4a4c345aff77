import { describe, expect, it } from 'vitest';
import { age, count, plural, printable } from '../src/text.js';
import { showValue, toJson } from '../src/value.js';

describe('text', () => {
  it('from the store cannot move the cursor, nor turn the order of reading', () => {
    expect(printable('a\u001b[2Jb\r\nc\u0000\u202ed\u2028e')).toBe(
      String.raw`a\u001b[2Jb\r\nc\u0000\u{202e}d\u{2028}e`,
    );
    expect(printable('Ärzte 日本 👍')).toBe('Ärzte 日本 👍');
  });

  it('of ages is short, and never of the future', () => {
    const now = 1e12;
    expect([0, 999, 61_000, 3 * 86_400_000 + 5].map((ago) => age(new Date(now - ago), now))).toEqual([
      '0ms',
      '0ms',
      '1m',
      '3d',
    ]);
    expect(age(new Date(now + 5000), now)).toBe('0ms');
  });

  it('of numbers keeps a number in one piece', () => {
    expect([count(1_234_567), plural(1, 'instance'), plural(2, 'retry', 'retries')]).toEqual([
      '1\u00a0234\u00a0567',
      '1 instance',
      '2 retries',
    ]);
  });
});

describe('values', () => {
  it('are text where they are UTF-8, a byte order mark included, and base64 elsewhere', () => {
    expect(showValue(new TextEncoder().encode('\ufeffgrün'))).toEqual({ text: '\ufeffgrün' });
    expect(showValue(Uint8Array.of(0xff, 0xfe))).toEqual({ base64: '//4=' });
    expect(showValue(new Uint8Array())).toEqual({ text: '' });
    // What an encoder of UTF-16 halves makes of a lone one is none.
    expect(showValue(Uint8Array.of(0xed, 0xa0, 0x80))).toEqual({ base64: '7aCA' });
  });

  it('that JSON has no number for keep their name, and every key is kept', () => {
    const custom = JSON.parse('{"__proto__": 1}') as Record<string, number>;
    expect(JSON.stringify(toJson({ a: NaN, b: -0, c: [Infinity], custom }))).toBe(
      '{"a":"NaN","b":"-0","c":["Infinity"],"custom":{"__proto__":1}}',
    );
  });
});
