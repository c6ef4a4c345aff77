import { describe, expect, it } from 'vitest';
import { check } from '../torture/check.js';
import type { Operation, Outcome, Write } from '../torture/log.js';

// The judge of the torture is judged: each of these histories is wrong in one way only, or in none.

const write = (nonce: string, version: number, parent: string | null, more: Partial<Write> = {}): Write => ({
  nonce,
  version,
  parent,
  incarnation: 'life',
  status: 'running',
  begin: 0,
  ...more,
});

const operation = (
  name: Operation['name'],
  [begin, end]: readonly [number, number],
  outcome: Outcome,
  ...writes: Write[]
): Operation => ({
  actor: 'a',
  name,
  key: name.startsWith('list') ? -1 : 0,
  status: name === 'listByStatus' ? 'running' : undefined,
  begin,
  end,
  outcome,
  writes: writes.map((one) => (one.begin === 0 ? { ...one, begin } : one)),
});

const wrote = (nonce: string): Outcome => ({ kind: 'wrote', nonce });
const seen = (nonce: string, version: number, incarnation = 'life'): Outcome => ({
  kind: 'seen',
  nonce,
  version,
  incarnation,
});
const deleted = (nonce: string): Outcome => ({ kind: 'deleted', nonce });
const absent: Outcome = { kind: 'absent' };
const open: Outcome = { kind: 'open' };
const named = (...keys: number[]): Outcome => ({ kind: 'named', keys });
const conflict = (expected: string, reason = 'changed'): Outcome => ({ kind: 'conflict', reason, expected });

const create = operation('create', [1, 2], wrote('c'), write('c', 1, null));
const save = operation('save', [3, 4], wrote('s'), write('s', 2, 'c'));
const remove = operation('delete', [10, 11], deleted('t'), write('t', 3, 's', { status: 'tombstone' }));
const again = operation('create', [12, 13], wrote('d'), write('d', 1, null, { incarnation: 'next' }));

describe('histories without a fault', () => {
  it.each([
    ['a life', [create, save, remove, again, operation('find', [14, 15], seen('d', 1, 'next'))]],
    [
      'reads that overlap a save see either',
      [create, save, operation('find', [3, 5], seen('c', 1)), operation('find', [3, 5], seen('s', 2))],
    ],
    [
      'reads that overlap a delete see either',
      [create, save, remove, operation('find', [9, 12], absent), operation('find', [9, 12], seen('s', 2))],
    ],
    [
      'a killed save that was seen',
      [create, { ...save, outcome: open, end: Infinity }, operation('find', [5, 6], seen('s', 2))],
    ],
    [
      'a killed save that nobody saw',
      [create, { ...save, outcome: open, end: Infinity }, operation('find', [5, 6], seen('c', 1))],
    ],
    [
      'a killed delete',
      [create, save, { ...remove, outcome: open, end: Infinity }, operation('find', [20, 21], absent)],
    ],
    ['a lost race', [create, save, operation('save', [3, 5], conflict('c'), write('x', 2, 'c'))]],
    ['a listing while it is made', [create, operation('list', [1, 3], named())]],
    [
      'a listing by status while it is left',
      [
        create,
        operation('save', [3, 6], wrote('p'), write('p', 2, 'c', { status: 'paused' })),
        operation('listByStatus', [4, 5], named()),
      ],
    ],
  ])('%s', (_name, operations) => {
    expect(check(operations)).toEqual([]);
  });
});

describe('what it must find', () => {
  it.each([
    [
      'acknowledged twice',
      [create, save, operation('save', [3, 5], wrote('x'), write('x', 2, 'c'))],
      /acknowledged twice/,
    ],
    ['a stale read', [create, save, operation('find', [5, 6], seen('c', 1))], /seen after version 2/],
    [
      'a lost acknowledgement',
      [create, save, operation('find', [5, 6], absent), operation('find', [7, 8], seen('s', 2))],
      /absent while it was there/,
    ],
    [
      'resurrection',
      [create, save, remove, operation('find', [12, 13], seen('s', 2))],
      /after its delete was acknowledged/,
    ],
    [
      'a re-creation destroyed',
      [
        create,
        save,
        remove,
        again,
        operation('find', [14, 15], absent),
        operation('find', [16, 17], seen('d', 1, 'next')),
      ],
      /absent while it was there/,
    ],
    [
      'two lives at once',
      [
        create,
        operation('create', [3, 4], wrote('d'), write('d', 1, null, { incarnation: 'next' })),
        operation('find', [5, 6], seen('c', 1)),
      ],
      /two lives/,
    ],
    [
      'deleted twice',
      [create, save, remove, operation('reap', [12, 13], deleted('u'), write('u', 3, 's', { status: 'tombstone' }))],
      /deleted twice/,
    ],
    [
      'an old version deleted',
      [create, save, operation('delete', [5, 6], deleted('u'), write('u', 2, 'c', { status: 'tombstone' }))],
      /was deleted as version 1/,
    ],
    [
      'refused, and yet done',
      [create, operation('save', [3, 4], conflict('c'), write('x', 2, 'c')), operation('find', [5, 6], seen('x', 2))],
      /refused, and yet/,
    ],
    [
      'a conflict with nobody',
      [create, operation('save', [3, 4], conflict('c'), write('x', 2, 'c'))],
      /conflict with nobody/,
    ],
    ['written by nobody', [create, operation('find', [3, 4], seen('z', 2))], /nobody wrote it/],
    ['seen too early', [create, operation('find', [2.1, 2.2], seen('s', 2)), save], /before it was written/],
    [
      'missing in the list',
      [create, operation('list', [3, 4], named()), operation('find', [5, 6], seen('c', 1))],
      /missing in a listing/,
    ],
    ['missing by status', [create, operation('listByStatus', [2.1, 2.2], named()), save], /missing in a listing/],
  ] as const)('%s', (_name, operations, message) => {
    expect(check(operations).join('\n')).toMatch(message);
  });
});
