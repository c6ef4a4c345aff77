// Whether any order of the operations explains what all actors were told.
//
// Every write has a nonce of its own and names the write it replaces, so the order of the writes of one incarnation is
// known and needs no search; core's check of versioned histories is applied to each. What remains is the order of
// incarnations, of absences, and what listings may leave out. Everything that was not acknowledged may have happened or
// not, at any time from its begin on; it did if anybody saw it.

import { AssertionError } from 'node:assert';
import type { InstanceId, StatusKind } from '@workflow-state/core';
import { History } from '@workflow-state/core/conformance';
import type { Operation, Write } from './log.js';

/** One life of an instance. */
interface Life {
  readonly key: number;
  readonly incarnation: string;
  /** By version, those that somebody saw or that were acknowledged. */
  readonly versions: Map<number, Version>;
  /** It was there by then: end of the first operation that shows it. */
  bornBy: number;
  /** It was there then, or later: begin of the last operation that shows it. */
  seenUntil: number;
  /** The first attempt to delete it began then: it was there until then. */
  diesFrom: number;
  /** The first acknowledged delete of it ended then. */
  deadBy: number;
  deletedBy: Operation | undefined;
}

interface Version {
  readonly nonce: string;
  firstShownBy: number;
  lastShownFrom: number;
}

export function check(operations: readonly Operation[]): string[] {
  const violations: string[] = [];
  const writes = new Map<string, Write>();
  const children = new Map<string, Write[]>();
  for (const { writes: offered } of operations) {
    for (const write of offered) {
      // A tombstone has a nonce like any write; sent again it keeps it.
      writes.set(write.nonce, writes.get(write.nonce) ?? write);
      if (write.parent !== null) {
        const others = children.get(write.parent);
        if (others === undefined) children.set(write.parent, [write]);
        else others.push(write);
      }
    }
  }
  const lives = livesOf(operations, writes, violations);
  checkVersions(operations, writes, violations);
  checkRefusals(operations, children, lives, violations);
  for (const [, ofKey] of lives) {
    checkLives([...ofKey.values()], writes, violations);
  }
  checkAbsences(operations, lives, violations);
  checkListings(operations, lives, writes, violations);
  return violations;
}

/** The write that an operation shows to be what was stored at some moment between its begin and its end. */
function shownBy(operation: Operation, writes: ReadonlyMap<string, Write>): Write | undefined {
  const { outcome } = operation;
  if (outcome.kind === 'wrote') return writes.get(outcome.nonce);
  if (outcome.kind === 'seen') {
    return writes.get(outcome.nonce);
  }
  return undefined;
}

function livesOf(
  operations: readonly Operation[],
  writes: ReadonlyMap<string, Write>,
  violations: string[],
): Map<number, Map<string, Life>> {
  const lives = new Map<number, Map<string, Life>>();
  const lifeOf = (key: number, incarnation: string): Life => {
    let ofKey = lives.get(key);
    if (ofKey === undefined) lives.set(key, (ofKey = new Map()));
    let life = ofKey.get(incarnation);
    if (life === undefined) {
      life = {
        key,
        incarnation,
        versions: new Map(),
        bornBy: Infinity,
        seenUntil: -Infinity,
        diesFrom: Infinity,
        deadBy: Infinity,
        deletedBy: undefined,
      };
      ofKey.set(incarnation, life);
    }
    return life;
  };
  for (const operation of operations) {
    const { key, begin, end, outcome } = operation;
    const shown = shownBy(operation, writes);
    if (shown === undefined && outcome.kind === 'seen')
      violations.push(`seen, but nobody wrote it:\n${line(operation)}`);
    if (shown !== undefined) {
      const life = lifeOf(key, shown.incarnation);
      life.bornBy = Math.min(life.bornBy, end);
      life.seenUntil = Math.max(life.seenUntil, begin);
      const version = life.versions.get(shown.version);
      if (version === undefined) {
        life.versions.set(shown.version, { nonce: shown.nonce, firstShownBy: end, lastShownFrom: begin });
      } else {
        version.firstShownBy = Math.min(version.firstShownBy, end);
        version.lastShownFrom = Math.max(version.lastShownFrom, begin);
      }
    }
    for (const write of operation.writes) {
      if (write.status !== 'tombstone') continue;
      const life = lifeOf(key, write.incarnation);
      life.diesFrom = Math.min(life.diesFrom, write.begin);
      if (outcome.kind !== 'deleted' || outcome.nonce !== write.nonce) continue;
      if (life.deletedBy !== undefined)
        violations.push(`one life was deleted twice:\n${line(life.deletedBy)}\n${line(operation)}`);
      life.deletedBy = operation;
      life.deadBy = Math.min(life.deadBy, end);
      // What was deleted is what was stored.
      life.bornBy = Math.min(life.bornBy, end);
      life.seenUntil = Math.max(life.seenUntil, begin);
    }
  }
  return lives;
}

/** Within one life: core's check, on a history that also has the writes that were seen but never acknowledged. */
function checkVersions(
  operations: readonly Operation[],
  writes: ReadonlyMap<string, Write>,
  violations: string[],
): void {
  const histories = new Map<string, History>();
  const shown = new Set<string>();
  const acknowledged = new Set<string>();
  for (const operation of operations) {
    const write = shownBy(operation, writes);
    if (write === undefined) continue;
    shown.add(write.nonce);
    const isWrite = operation.outcome.kind === 'wrote';
    if (isWrite) acknowledged.add(write.nonce);
    put(histories, operation, write, isWrite);
    const offered = writes.get(write.nonce);
    if (!isWrite && offered !== undefined && operation.end < offered.begin)
      violations.push(`seen before it was written:\n${line(operation)}`);
  }
  for (const operation of operations) {
    for (const write of operation.writes) {
      if (write.status === 'tombstone' || acknowledged.has(write.nonce) || !shown.has(write.nonce)) continue;
      acknowledged.add(write.nonce);
      put(histories, { ...operation, begin: write.begin, end: Infinity }, write, true);
    }
  }
  for (const [name, history] of histories) {
    try {
      history.checkLinearizable(name as InstanceId);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      violations.push(error.message);
    }
  }
}

function put(histories: Map<string, History>, operation: Operation, write: Write, isWrite: boolean): void {
  const name = `${operation.key}.${write.incarnation}`;
  let history = histories.get(name);
  if (history === undefined) histories.set(name, (history = new History()));
  history.operations.push({
    handle: operation.actor,
    op: isWrite ? 'save' : 'find',
    id: name as InstanceId,
    detail: `${operation.key} ${write.nonce}`,
    begin: operation.begin,
    end: operation.end,
    outcome: 'ok',
    answer: `version ${write.version}`,
    writes: isWrite,
    version: write.version,
    revision: undefined,
  });
}

/** What was refused was not done, and was refused for a reason. */
function checkRefusals(
  operations: readonly Operation[],
  children: ReadonlyMap<string, readonly Write[]>,
  lives: ReadonlyMap<number, ReadonlyMap<string, Life>>,
  violations: string[],
): void {
  const seen = new Set<string>();
  for (const ofKey of lives.values())
    for (const { versions } of ofKey.values()) for (const { nonce } of versions.values()) seen.add(nonce);
  for (const operation of operations) {
    const { outcome, writes, end } = operation;
    if (outcome.kind === 'open' || outcome.kind === 'named') continue;
    const own = outcome.kind === 'wrote' || outcome.kind === 'deleted' ? outcome.nonce : undefined;
    for (const { nonce } of writes) {
      if (nonce !== own && seen.has(nonce)) violations.push(`refused, and yet it was seen:\n${line(operation)}`);
    }
    if (outcome.kind !== 'conflict' || outcome.expected === null) continue;
    const mine = new Set(writes.map(({ nonce }) => nonce));
    const others = (children.get(outcome.expected) ?? []).filter(({ nonce, begin }) => !mine.has(nonce) && begin < end);
    if (others.length === 0) violations.push(`a conflict with nobody:\n${line(operation)}`);
  }
}

/** Of two lives of one instance, one was over before the other began. */
function checkLives(lives: readonly Life[], writes: ReadonlyMap<string, Write>, violations: string[]): void {
  const real = lives.filter(({ bornBy }) => bornBy < Infinity).sort((a, b) => a.bornBy - b.bornBy);
  for (const life of real) {
    if (life.seenUntil > life.deadBy && life.deletedBy !== undefined)
      violations.push(
        `life ${life.incarnation} of ${life.key} was seen after its delete was acknowledged:\n${line(life.deletedBy)}`,
      );
    if (life.deletedBy?.outcome.kind !== 'deleted') continue;
    const tombstone = writes.get(life.deletedBy.outcome.nonce);
    const last = Math.max(0, ...life.versions.keys());
    if (tombstone !== undefined && tombstone.version <= last)
      violations.push(`version ${last} of ${life.key} was deleted as version ${tombstone.version - 1}`);
  }
  const overFrom = (life: Life): number => Math.max(life.diesFrom, life.seenUntil);
  for (let i = 0; i < real.length; i++) {
    const a = real[i];
    // Lives are many, and all but neighbours lie far apart: none that began this much later can overlap.
    for (let j = i + 1; j < real.length; j++) {
      const b = real[j];
      if (a === undefined || b === undefined) break;
      if (overFrom(a) <= b.bornBy) continue;
      if (overFrom(b) <= a.bornBy) continue;
      violations.push(`two lives of ${a.key} at once: ${a.incarnation} and ${b.incarnation}`);
    }
  }
}

/** Times between which something was the case for certain, if the first is before the second. */
interface Span {
  readonly from: number;
  readonly until: number;
}

const within = ({ begin, end }: Operation, { from, until }: Span): boolean => from < begin && end < until;

const spanOf = ({ bornBy, seenUntil, diesFrom }: Life): Span => ({
  from: bornBy,
  until: Math.max(seenUntil, diesFrom),
});

function checkAbsences(
  operations: readonly Operation[],
  lives: ReadonlyMap<number, ReadonlyMap<string, Life>>,
  violations: string[],
): void {
  const spans = new Map([...lives].map(([key, ofKey]) => [key, [...ofKey.values()].map(spanOf)]));
  for (const operation of operations) {
    const { outcome, key } = operation;
    if (outcome.kind !== 'absent' && !(outcome.kind === 'conflict' && outcome.reason === 'missing')) continue;
    for (const span of spans.get(key) ?? []) {
      if (within(operation, span)) violations.push(`absent while it was there:\n${line(operation)}`);
    }
  }
}

function checkListings(
  operations: readonly Operation[],
  lives: ReadonlyMap<number, ReadonlyMap<string, Life>>,
  writes: ReadonlyMap<string, Write>,
  violations: string[],
): void {
  const alive: { readonly key: number; readonly span: Span }[] = [];
  const stays: { readonly key: number; readonly status: StatusKind; readonly span: Span }[] = [];
  const byLife = new Map<string, Write[]>();
  for (const write of writes.values()) {
    const others = byLife.get(write.incarnation);
    if (others === undefined) byLife.set(write.incarnation, [write]);
    else others.push(write);
  }
  for (const [key, ofKey] of lives) {
    for (const life of ofKey.values()) {
      alive.push({ key, span: spanOf(life) });
      for (const stay of staysOf(life, writes, byLife.get(life.incarnation) ?? [])) stays.push({ key, ...stay });
    }
  }
  for (const operation of operations) {
    const { outcome, status } = operation;
    if (outcome.kind !== 'named') continue;
    const must = status === undefined ? alive : stays.filter((stay) => stay.status === status);
    for (const { key, span } of must) {
      if (within(operation, span) && !outcome.keys.includes(key))
        violations.push(`instance ${key} is missing in a listing:\n${line(operation)}`);
    }
  }
}

/** Runs of versions of one status. */
function staysOf(
  { versions, seenUntil }: Life,
  writes: ReadonlyMap<string, Write>,
  offered: readonly Write[],
): { readonly status: StatusKind; readonly span: Span }[] {
  const stays: { status: StatusKind; first: number; last: number; from: number; until: number }[] = [];
  for (const [version, { nonce, firstShownBy, lastShownFrom }] of [...versions].sort(([a], [b]) => a - b)) {
    const status = writes.get(nonce)?.status;
    if (status === undefined || status === 'tombstone') continue;
    const last = stays.at(-1);
    if (last !== undefined && last.status === status && last.last + 1 === version) {
      last.last = version;
      last.from = Math.min(last.from, firstShownBy);
      last.until = Math.max(last.until, lastShownFrom);
    } else {
      stays.push({ status, first: version, last: version, from: firstShownBy, until: lastShownFrom });
    }
  }
  return stays.map(({ status, first, last, from, until }) => {
    // It ends at the earliest when the first attempt to end it begins, if it ends at all.
    let ends = Infinity;
    for (const write of offered) {
      const leaves = write.version > first && (write.status !== status || write.version > last + 1);
      if (leaves) ends = Math.min(ends, write.begin);
    }
    return { status, span: { from, until: Math.max(until, ends === Infinity ? Math.max(until, seenUntil) : ends) } };
  });
}

function line({ actor, name, key, status, begin, end, outcome }: Operation): string {
  return `  ${begin}–${end}  ${actor}.${name}(${key}${status === undefined ? '' : ` ${status}`}) → ${JSON.stringify(outcome)}`;
}
