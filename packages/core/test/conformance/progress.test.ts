import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { expect, it } from 'vitest';
import { CASES, type ConformanceCase } from '../../src/conformance/index.js';
import { progressOn } from '../../src/conformance/runner/progress.js';

const [first, second] = CASES as [ConformanceCase, ConformanceCase];

function shown({ isTTY }: { readonly isTTY: boolean }): string {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const progress = progressOn(stream as unknown as WriteStream, 124);
  progress.begin(first);
  progress.end({ ...first, outcome: 'failed', durationMs: 1 });
  progress.begin(second);
  progress.end({ ...second, outcome: 'passed', durationMs: 1 });
  progress.clear();
  return String(stream.read() ?? '');
}

it('tells on a terminal which case runs, in one line, and leaves only the red ones standing', () => {
  const [running, red, next, ...rest] = shown({ isTTY: true }).split('\r\u001B[K').slice(1);
  expect(running).toBe(`1/124  ${first.id}`);
  expect(red).toBe(`failed  ${first.id}\n`);
  expect(next).toBe(`2/124 (1 red)  ${second.id}`);
  expect(rest).toEqual(['']);
});

it('tells nothing where nobody watches', () => {
  expect(shown({ isTTY: false })).toBe('');
});
