// What must hold of every history: the store goes from write to write that follows it, and everybody told the truth.

import type { Call } from '../../src/file-ops.js';
import { parseShardName } from '../../src/layout.js';
import type { Note } from './actor.js';
import { Violation } from './aftermath.js';
import { nameOf as lastPart } from './disk.js';
import { nonceOf, type Seen } from './store.js';

export interface Actor {
  readonly letter: string;
  readonly name: string;
  /** Whether an outcome may be unknown to it. */
  readonly doubts: boolean;
}

/** What has been true since a listing or a load began. */
export type Watch =
  | { readonly since: 'list'; readonly status: string | undefined; readonly throughout: boolean }
  | { readonly since: 'load'; readonly current: readonly (string | undefined)[] };

/** What has happened, as far as it matters to what may happen. */
export interface History {
  /** Nonces of what was stored, in order; `undefined`: nothing was. */
  readonly stored: readonly (string | undefined)[];
  /** Index in `stored` of the latest that was acknowledged. */
  readonly acknowledged: number;
  /** Nonces that will never be stored. */
  readonly refused: readonly string[];
  /** Nonces whose deletion was asked for. */
  readonly condemned: readonly string[];
  /** Actors, and the write whose delete they have committed. */
  readonly claims: readonly string[];
}

export function historyOf(start: Seen): History {
  return { stored: [nonceOf(start)], acknowledged: 0, refused: [], condemned: [], claims: [] };
}

/** The data file only ever goes from nothing to the first of its life, from a write to one that follows it, or away by a delete of it. */
export function changed(actor: Actor, history: History, before: Seen, after: Seen, call: Call): History {
  if (before === after || nonceOf(before) === nonceOf(after)) return history;
  const does = `${actor.name} does ${call[0]}`;
  if (after === 'torn' || before === 'torn') throw new Violation('torn', `${does}: what is stored cannot be read`);
  if (after === undefined) {
    if (!history.condemned.includes(before?.nonce ?? ''))
      throw new Violation('destroyed', `${does}: it removes ${before?.nonce}, which nobody meant to delete`);
  } else if (before === undefined) {
    if (after.nonce !== after.incarnation)
      throw new Violation(
        'resurrected',
        `${does}: ${after.nonce}, version ${after.version}, is stored where nothing was`,
      );
    if (history.stored.includes(after.nonce)) throw new Violation('resurrected', `${does}: ${after.nonce} is back`);
  } else if (after.parent !== before.nonce || after.version !== before.version + 1) {
    throw new Violation(
      'overwritten',
      `${does}: ${after.nonce} (version ${after.version}, after ${after.parent}) replaces ${before.nonce} (version ${before.version})`,
    );
  }
  if (after !== undefined && history.refused.includes(after.nonce))
    throw new Violation(
      'dishonest',
      `${does}: ${after.nonce} is stored, and its writer was told that it never would be`,
    );
  return { ...history, stored: [...history.stored, nonceOf(after)] };
}

/** A call that succeeded may have committed a delete. */
export function claimed({ letter }: Actor, history: History, call: Call): History {
  if (call[0] !== 'rename' || !call[1].endsWith('.tok') || !call[2].endsWith('.dead')) return history;
  const nonce = parseShardName(lastPart(call[2]))?.nonce;
  return { ...history, claims: sorted(history.claims, `${letter} ${nonce}`) };
}

export function noted(actor: Actor, note: Note, history: History, stored: Seen, watch: Watch | undefined): History {
  const who = actor.name;
  switch (note.note) {
    case 'deletes':
      return { ...history, condemned: sorted(history.condemned, note.nonce) };
    case 'saved': {
      const at = history.stored.lastIndexOf(note.nonce);
      if (at < 0) throw new Violation('dishonest', `${who} reports success, and ${note.nonce} was never stored`);
      return { ...history, acknowledged: Math.max(history.acknowledged, at) };
    }
    case 'deleted': {
      const at = history.stored.lastIndexOf(note.nonce);
      if (nonceOf(stored) === note.nonce)
        throw new Violation('dishonest', `${who} reports success, and ${note.nonce} is still stored`);
      return { ...history, acknowledged: Math.max(history.acknowledged, at + 1) };
    }
    case 'refused': {
      if (note.record && history.stored.includes(note.nonce))
        throw new Violation('dishonest', `${who} reports that ${note.nonce} was not written, and it was stored`);
      if (!note.record && history.claims.includes(`${actor.letter} ${note.nonce}`))
        throw new Violation('dishonest', `${who} reports a conflict, and its delete was committed`);
      if (note.was !== undefined && nonceOf(stored) === note.was)
        throw new Violation('dishonest', `${who} reports a conflict, and ${note.was} is still stored`);
      return note.record ? { ...history, refused: sorted(history.refused, note.nonce) } : history;
    }
    case 'in doubt':
      if (!actor.doubts) throw new Violation('doubt', `${who} does not know what became of ${note.nonce}`);
      return history;
    case 'listed':
      if (watch?.since === 'list' && watch.throughout && !note.found)
        throw new Violation('missed', `${who} did not name the instance, which was there throughout`);
      return history;
    case 'loaded':
      if (watch?.since === 'load' && !watch.current.includes(note.nonce))
        throw new Violation('stale', `${who} got ${note.nonce}, which was not stored since it asked`);
      return history;
    case 'failed':
      throw new Violation('failed', `${who}: ${note.error instanceof Error ? note.error.message : String(note.error)}`);
    case 'absent':
    case 'lists':
    case 'loads':
    case 'swept':
      return history;
    default:
      return note satisfies never;
  }
}

export function watchAfter(note: Note, watch: Watch | undefined, stored: Seen): Watch | undefined {
  if (note.note === 'lists') return { since: 'list', status: note.status, throughout: isListed(note.status, stored) };
  if (note.note === 'loads') return { since: 'load', current: [nonceOf(stored)] };
  return note.note === 'listed' || note.note === 'loaded' ? undefined : watch;
}

export function watched(watch: Watch, stored: Seen): Watch {
  if (watch.since === 'list')
    return watch.throughout && !isListed(watch.status, stored) ? { ...watch, throughout: false } : watch;
  const nonce = nonceOf(stored);
  return watch.current.at(-1) === nonce ? watch : { ...watch, current: [...watch.current, nonce] };
}

function isListed(status: string | undefined, stored: Seen): boolean {
  return stored !== undefined && stored !== 'torn' && (status === undefined || stored.status === status);
}

export function sorted(names: readonly string[], name: string): readonly string[] {
  return names.includes(name) ? names : [...names, name].sort();
}
