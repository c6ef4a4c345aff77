// What became of a write that was not answered with 200: judged by the header that is stored now.
//
// `written` only with proof that it took effect, `lost` only with proof that it did not and never will, for everything
// else another attempt with the same bytes under the same condition, or `unknown`. The proofs:
//
// - A nonce names one write for ever. It is left in the object itself, in the parent of its successor, in the marker
//   of its status, and, if it began the chain, in the incarnation of all that follow.
// - The ETag of a base never returns. Once the base is gone, no copy of ours can take effect.
// - Deletes leave tombstones, which outlast every operation. So what has no tombstone behind it was not deleted
//   meanwhile: an absent key, or a chain that began at an empty key with another's create, does not hide ours.
// - A place in a chain is taken once: another write at ours, or directly behind another at ours, has replaced ours, and
//   so has another that was built directly on our base.
// - No doubt (every copy was answered with a refusal) is proof by itself, wherever the chain is too long to tell.

import type { BackendRecord, EnvelopeHeader, Expected } from '@workflow-state/core/backend';

/** What is stored: its header, unless the bytes are not one of ours. */
export interface Standing {
  readonly header: EnvelopeHeader | undefined;
  readonly etag: string | undefined;
}

export type Doubt = false | 'on this base' | 'on another base';

export type Verdict =
  /** Ours is what is stored. */
  | 'written'
  /** Ours took effect, and was replaced since. */
  | 'superseded'
  /** What we wrote on is still there: the same bytes may be sent again. */
  | 'unchanged'
  | 'lost'
  /** A create met a tombstone: it goes on over that, as the same write. */
  | 'continue'
  /** The tombstone that a create went on over is gone: it goes on over nothing. */
  | 'restart'
  /** A create met a tombstone that is being removed: not written, later it may be. */
  | 'busy'
  | 'unknown';

/**
 * @param base what the copies sent last were conditioned on
 * @param doubt whether any copy was left without a definite answer: one on this base, or one on another before
 */
export function judge(record: BackendRecord, base: Expected, found: Standing | undefined, doubt: Doubt): Verdict {
  const { nonce, version, incarnation, entered, status } = record.revision;
  const damaged = base !== undefined && 'damaged' in base;
  const create = base === undefined || damaged || nonce === incarnation;
  const lost = doubt === false ? 'lost' : 'unknown';

  if (found === undefined) return !create || damaged ? 'lost' : base === undefined ? 'unchanged' : 'restart';
  const { header, etag } = found;
  if (damaged && etag !== undefined && etag === base.hint) return 'unchanged';
  if (header === undefined) return lost;
  if (header.nonce === nonce) return 'written';
  if (header.parent === nonce || header.incarnation === nonce) return 'superseded';
  if (status !== 'tombstone' && entered.nonce === nonce && header.entered?.nonce === nonce) return 'superseded';
  if (damaged) return lost;
  if (header.nonce === base?.nonce) return 'unchanged';

  if (!create) {
    if (header.incarnation !== incarnation) return header.first ? 'lost' : lost;
    return header.version === version || header.version === version + 1 ? 'lost' : lost;
  }
  const replaced = base !== undefined && header.parent === base.nonce && doubt !== 'on another base';
  const open = doubt !== false && !replaced;
  if (open && !header.first) return 'unknown';
  switch (header.kind) {
    case 'live':
      return 'lost';
    case 'tombstone':
      return 'continue';
    case 'condemned':
      return open ? 'unknown' : 'busy';
  }
}
