// Values that stores have been seen to lose, and states made of them.

import { setOwn } from '../set-own.js';
import type { WorkflowMetrics, WorkflowStatus } from '../status.js';

export const HOSTILE_STRINGS: readonly string[] = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  '0',
  '-1',
  '\uFEFFstarts with a byte order mark',
  'nul\0inside',
  '\0',
  'line\nbreak\r\n\u2028\u2029',
  '\u001b[31mred\u0007',
  '../../etc/passwd',
  'C:\\con\\aux.txt',
  '/',
  '.',
  '..',
  'a/b//c',
  'name.tmp',
  '%00%2f%2E',
  "'; DROP TABLE states; --",
  '${HOME}`id`$(id)',
  '<!-- "quoted" & \'quoted\' -->',
  '{"json":true}',
  'é',
  'e\u0301',
  'ß ẞ İ ı ﬁ Ǆ',
  '👩‍👩‍👧‍👦 🇫🇷',
  '𝕊𝕦𝕣𝕣𝕠𝕘𝕒𝕥𝕖',
  '\uFFFD\uFFFE\uFFFF',
  '\u202Eright to left',
  'x'.repeat(10_000),
];

/** Not well-formed: no encoding keeps them, so they are refused. */
export const UNPAIRED_SURROGATES: readonly string[] = ['\uD800', 'a\uDC00b', '\uDE00\uD83D'];

export const DOUBLES: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.1,
  -0.1,
  1 / 3,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MIN_VALUE,
  Number.EPSILON,
  2 ** 31,
  2 ** 32,
  -(2 ** 31) - 1,
  23,
  24,
  255,
  256,
  65_535,
  65_536,
  1e21,
  5e-324,
];

/** Epoch milliseconds, the ends of what a `Date` holds included. */
export const INSTANTS: readonly number[] = [
  0, 1, -1, 999, 1_700_000_000_123, -62_135_596_800_000, 253_402_300_800_000, 8.64e15, -8.64e15,
];

export const UINT32: readonly number[] = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1];

export function allBytes(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => i);
}

/** A plain object in which any key, `__proto__` too, is an own property. */
export function objectOf<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const object: Record<string, T> = {};
  for (const [key, value] of entries) setOwn(object, key, value);
  return object;
}

/** Under every hostile key a value of its own. */
export function hostileMap<T>(value: (index: number, key: string) => T): Record<string, T> {
  return objectOf(HOSTILE_STRINGS.map((key, index) => [key, value(index, key)] as const));
}

export function metrics(): WorkflowMetrics {
  return {
    stagesExecuted: 2 ** 32 - 1,
    retryCount: 7,
    errorCount: 0,
    stageDurations: objectOf([
      ['first', 0],
      ['__proto__', 1234.5678],
      ['last', Number.MAX_VALUE],
    ]),
    custom: objectOf(DOUBLES.map((value, index) => [`double ${index}`, value] as const)),
  };
}

export const STATUSES: readonly WorkflowStatus[] = [
  { kind: 'initializing' },
  { kind: 'running', currentStage: '\uFEFFrender' },
  { kind: 'waiting', stage: '__proto__', event: 'signed\0' },
  { kind: 'paused', stage: '' },
  {
    kind: 'completed',
    result: {
      output: objectOf([
        ['__proto__', allBytes()],
        ['', new Uint8Array(0)],
      ]),
      durationMs: 0.125,
      metrics: metrics(),
    },
  },
  {
    kind: 'failed',
    error: {
      code: 'E_HOSTILE',
      message: 'e\u0301 \uFEFF',
      stage: '',
      trace: 'at x\n  at y',
      recoveryHints: ['try again', '', '__proto__'],
    },
  },
  { kind: 'failed', error: { code: '', message: '', recoveryHints: [] } },
  { kind: 'cancelled' },
];
