// A revision names the exact write a state came from, and carries all that the next save needs: so a state that
// travelled through a queue is saved without asking the backend first. Users see an opaque string; backends see it decoded.

import { crc32 } from './envelope/crc32.js';
import type { EnvelopeHeader } from './envelope/header.js';
import { bytesToHex } from './envelope/hex.js';
import type { EnteredStatus, WriteRevision } from './state-backend.js';
import { isStatusKind, STATUS_KINDS } from './status.js';

declare const brand: unique symbol;

/**
 * Opaque. Equal strings name the same write, different strings different writes; nothing else may be read from it. One
 * exception: a save whose answer was lost, and which another save had replaced by the time that this was found out,
 * returns a revision that differs from the one that loads have seen in between.
 */
export type Revision = string & { readonly [brand]: 'Revision' };

const FORMAT = '1';
const TEXT = new TextEncoder();

// format.version.nonce.incarnation.first.kind.entered version.entered nonce.entered at.created at.hint.checksum
const PATTERN =
  /^1\.([0-9a-z]{1,7})\.([0-9a-f]{16})\.([0-9a-f]{16})\.([01])\.([0-9a-z]+)\.([0-9a-z]{1,7})\.([0-9a-f]{16})\.(-?[0-9a-z]{1,11})\.(-?[0-9a-z]{1,11})\.([^.]*)\.([0-9a-z]{1,7})$/;

export function encodeRevision(revision: WriteRevision): Revision {
  const { entered } = revision;
  const text = [
    FORMAT,
    revision.version.toString(36),
    revision.nonce,
    revision.incarnation,
    revision.first ? '1' : '0',
    revision.status,
    entered.version.toString(36),
    entered.nonce,
    entered.at.toString(36),
    revision.createdAt.toString(36),
    revision.hint === undefined ? '' : `=${encodeURIComponent(revision.hint).replaceAll('.', '%2E')}`,
  ].join('.');
  return `${text}.${checksum(text)}` as Revision;
}

/** `undefined` for a text that no release has written: the caller names the place and the remedy. */
export function decodeRevision(text: string): WriteRevision | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, version, nonce, incarnation, first, status, enteredVersion, enteredNonce, at, createdAt, hint, sum] =
    match as unknown as readonly string[];
  if (sum !== checksum(text.slice(0, text.lastIndexOf('.'))) || !isStatusKind(status)) return undefined;
  return {
    version: number(version),
    nonce: nonce ?? '',
    incarnation: incarnation ?? '',
    first: first === '1',
    status,
    entered: { version: number(enteredVersion), nonce: enteredNonce ?? '', at: number(at) },
    createdAt: number(createdAt),
    ...(hint?.startsWith('=') === true && { hint: decodeURIComponent(hint.slice(1)) }),
  };
}

/** The revision of the write that left this header, with the hint that the backend gave beside it. */
export function revisionOfHeader(header: EnvelopeHeader, hint?: string): WriteRevision {
  return {
    version: header.version,
    nonce: header.nonce,
    incarnation: header.incarnation,
    first: header.first,
    status: header.kind === 'live' ? (header.status ?? STATUS_KINDS[0]) : 'tombstone',
    entered: header.entered ?? ownEntry(header.version, header.nonce, header.updatedAt),
    createdAt: header.createdAt,
    ...(hint !== undefined && { hint }),
  };
}

/** A write that enters its status itself. */
export function ownEntry(version: number, nonce: string, at: number): EnteredStatus {
  return { version, nonce, at };
}

/** 64 random bits as 16 hex digits; never all zero, which stands for "none" in the header. */
export function newNonce(): string {
  const nonce = bytesToHex(crypto.getRandomValues(new Uint8Array(8)));
  return /^0+$/.test(nonce) ? newNonce() : nonce;
}

function checksum(text: string): string {
  return crc32(TEXT.encode(text)).toString(36);
}

function number(base36: string | undefined): number {
  return Number.parseInt(base36 ?? '', 36);
}
