// A revision names the exact write a state came from, and carries all that the next save needs: so a state that
// travelled through a queue is saved without asking the backend first. Users see an opaque string; backends see it decoded.

import { crc32 } from './envelope/crc32.js';
import { type EnvelopeHeader, LATEST_DATE, NO_NONCE } from './envelope/header.js';
import { TEXT_ENCODER } from './envelope/utf8.js';
import type { EnteredStatus, WriteRevision } from './state-backend.js';
import { isStatusKind } from './status.js';

declare const brand: unique symbol;

/**
 * Opaque. Equal strings name the same write, different strings different writes; nothing else may be read from it. One
 * exception: a save whose answer was lost, and which another save had replaced by the time that this was found out,
 * returns a revision that differs from the one that loads have seen in between.
 */
export type Revision = string & { readonly [brand]: 'Revision' };

const FORMAT = 1;
const NONCES = /^[0-9a-f]{48}$/;

/** Between full stops; numbers in base 36. */
type Parts = readonly [
  format: string,
  version: string,
  nonce: string,
  incarnation: string,
  first: string,
  status: string,
  enteredVersion: string,
  enteredNonce: string,
  at: string,
  createdAt: string,
  hint: string,
  checksum: string,
];

export function encodeRevision(revision: WriteRevision): Revision {
  const { version, nonce, incarnation, first, status, entered, createdAt, hint } = revision;
  const parts = [
    FORMAT,
    version,
    nonce,
    incarnation,
    +first,
    status,
    entered.version,
    entered.nonce,
    entered.at,
    createdAt,
  ];
  const text = [
    ...parts.map((part) => part.toString(36)),
    hint === undefined ? '' : `=${encodeURIComponent(hint).replaceAll('.', '%2E')}`,
  ].join('.');
  return sealed(text) as Revision;
}

/**
 * `undefined` for a text that no release has written, whoever has put a fitting checksum to it: the caller names the place
 * and the remedy.
 */
export function decodeRevision(text: string): WriteRevision | undefined {
  const parts = text.split('.') as unknown as Parts;
  const [, version, nonce, incarnation, first, status, enteredVersion, enteredNonce, at, createdAt, hint] = parts;
  if (!isStatusKind(status) || !NONCES.test(nonce + incarnation + enteredNonce)) return undefined;
  try {
    const revision: WriteRevision = {
      version: number(version, 1, 0xffff_ffff),
      nonce,
      incarnation,
      first: first === '1',
      status,
      entered: {
        version: number(enteredVersion, 1, 0xffff_ffff),
        nonce: enteredNonce,
        at: number(at, -LATEST_DATE, LATEST_DATE),
      },
      createdAt: number(createdAt, -LATEST_DATE, LATEST_DATE),
      hint: hint === '' ? undefined : decodeURIComponent(hint.slice(1)),
    };
    // What writing it would not give again, seal included, was not written so.
    return encodeRevision(revision) === text ? revision : undefined;
  } catch {
    return undefined; // a hint that is no encoded text
  }
}

/** The revision of the write that left this header, with the hint that the backend gave beside it. */
export function revisionOfHeader(header: EnvelopeHeader, hint?: string): WriteRevision {
  const { version, nonce, incarnation, first, status = 'tombstone', createdAt, updatedAt } = header;
  const { entered = ownEntry(version, nonce, updatedAt) } = header;
  return { version, nonce, incarnation, first, status, entered, createdAt, hint };
}

/** A write that enters its status itself. */
export function ownEntry(version: number, nonce: string, at: number): EnteredStatus {
  return { version, nonce, at };
}

/**
 * 64 random bits as 16 hex digits; never all zero, which stands for "none" in the header. Cut out of a UUID, before and
 * behind what is fixed in it: runtimes draw for many of these at once, where eight bytes cost a call of the generator.
 */
export function newNonce(): string {
  const uuid = crypto.randomUUID();
  const nonce = uuid.slice(0, 8) + uuid.slice(28);
  return nonce === NO_NONCE ? newNonce() : nonce;
}

function sealed(text: string): string {
  return `${text}.${crc32(TEXT_ENCODER.encode(text)).toString(36)}`;
}

/** NaN for what has no place in a header: it is written otherwise than any number here. */
function number(base36: string, least: number, most: number): number {
  const value = Number.parseInt(base36, 36);
  return value >= least && value <= most ? value : Number.NaN;
}
