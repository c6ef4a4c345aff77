// Assertions whose messages say what was found, in a few words, whatever the size of the values.

import assert from 'node:assert/strict';
import { isStateStoreError, type StateStoreError, type StateStoreErrorCode } from '../errors.js';
import { show } from '../show.js';
import type { StateStore } from '../state-store.js';
import { showError } from './history.js';

/** Equal in everything: types, NaN, −0, and bytes. */
export function same(actual: unknown, expected: unknown, what: string): void {
  try {
    assert.deepEqual(actual, expected, what);
  } catch (error) {
    if (!(error instanceof assert.AssertionError)) throw error;
    assert.fail(`${what}: ${difference(actual, expected, '')}`);
  }
}

/** Rejects with that code; resolves with the error, whose texts and fields have been checked as well. */
export async function refused(
  code: StateStoreErrorCode | readonly StateStoreErrorCode[],
  what: string,
  call: () => Promise<unknown>,
): Promise<StateStoreError> {
  const codes: readonly string[] = typeof code === 'string' ? [code] : code;
  let result: unknown;
  try {
    result = await call();
  } catch (error) {
    if (!isStateStoreError(error))
      assert.fail(
        `${what}: expected ${codes.join(' or ')}, got an error that is no StateStoreError: ${showError(error)}`,
      );
    if (!codes.includes(error.code)) assert.fail(`${what}: expected ${codes.join(' or ')}, got ${showError(error)}`);
    assert.ok(error.message.length > 0, `${what}: the error has no message`);
    assert.ok(Array.isArray(error.recoveryHints), `${what}: the error has no recoveryHints`);
    return error;
  }
  assert.fail(`${what}: expected ${codes.join(' or ')}, but the call succeeded with ${show(result)}`);
}

/** How a number of calls ended. Every error is one of `allowed`. */
export async function outcomes<T>(
  calls: readonly Promise<T>[],
  allowed: readonly StateStoreErrorCode[],
  what: string,
): Promise<{ readonly won: readonly T[]; readonly lost: readonly StateStoreError[] }> {
  const won: T[] = [];
  const lost: StateStoreError[] = [];
  for (const settled of await Promise.allSettled(calls)) {
    if (settled.status === 'fulfilled') won.push(settled.value);
    else if (isStateStoreError(settled.reason) && allowed.includes(settled.reason.code)) lost.push(settled.reason);
    else
      assert.fail(
        `${what}: a call was to end well or with ${allowed.join(' or ')}, but ended with ${showError(settled.reason)}`,
      );
  }
  return { won, lost };
}

/**
 * How a call may end that others came before. Across a network a server may give a loser an answer that proves nothing
 * (Ceph 16: `500 UnknownError`), and two later writes hide whether his had been there: then only a doubt is honest.
 * Where one successor is all there can be, its parent proves the loss, so there the suite allows no doubt.
 */
export function overtaken({ capabilities }: StateStore): readonly StateStoreErrorCode[] {
  return capabilities.sharing === 'network' ? ['CHECKPOINT_CONFLICT', 'OUTCOME_UNKNOWN'] : ['CHECKPOINT_CONFLICT'];
}

/** Everything that an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Ascending and each once, as every listing is. */
export function ascending(ids: readonly string[], what: string): void {
  for (let i = 1; i < ids.length; i++) {
    const [before, after] = [ids[i - 1] ?? '', ids[i] ?? ''];
    if (before === after) assert.fail(`${what}: ${after} is named twice`);
    if (before > after) assert.fail(`${what}: ${after} comes after ${before}`);
  }
}

/** The same ids, with the first that is missing or too many named. */
export function sameIds(actual: readonly string[], expected: readonly string[], what: string): void {
  const have = new Set(actual);
  const want = new Set(expected);
  const missing = expected.filter((id) => !have.has(id));
  const extra = actual.filter((id) => !want.has(id));
  if (missing.length > 0) assert.fail(`${what}: ${missing.length} of ${expected.length} missing, first ${missing[0]}`);
  if (extra.length > 0) assert.fail(`${what}: ${extra.length} too many, first ${extra[0]}`);
  ascending(actual, what);
}

/** Runs `work` on every item, so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}

function difference(actual: unknown, expected: unknown, path: string): string {
  const at = path === '' ? '' : `at ${path} `;
  if (isTree(actual) && isTree(expected)) {
    if (actual instanceof Uint8Array && expected instanceof Uint8Array && actual.constructor === expected.constructor) {
      if (actual.length !== expected.length) return `${at}expected ${expected.length} bytes, got ${actual.length}`;
      const index = actual.findIndex((byte, i) => byte !== expected[i]);
      return `${at}byte ${index} is ${actual[index]}, expected ${expected[index]}`;
    }
    if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected))
      return `${at}expected ${kindOf(expected)}, got ${kindOf(actual)}`;
    if (actual instanceof Date) return `${at}expected ${show(expected)}, got ${show(actual)}`;
    for (const key of new Set([...Reflect.ownKeys(expected), ...Reflect.ownKeys(actual)])) {
      const step = `${path}[${typeof key === 'string' ? show(key) : String(key)}]`;
      if (!Object.hasOwn(actual, key))
        return `at ${step} nothing is there, expected ${show(Reflect.get(expected, key))}`;
      if (!Object.hasOwn(expected, key)) return `at ${step} nothing is expected, got ${show(Reflect.get(actual, key))}`;
      const [got, want]: [unknown, unknown] = [Reflect.get(actual, key), Reflect.get(expected, key)];
      try {
        assert.deepEqual(got, want, 'different');
      } catch {
        return difference(got, want, step);
      }
    }
  }
  return `${at}expected ${show(expected)}, got ${show(actual)}`;
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function kindOf(value: object): string {
  const constructor: unknown = Object.getPrototypeOf(value)?.constructor;
  return typeof constructor === 'function' ? `an instance of ${constructor.name}` : 'an object without a prototype';
}
