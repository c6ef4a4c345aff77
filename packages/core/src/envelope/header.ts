// The header of format 1: 128 bytes at fixed places, before the body. It answers revision, status and age of an
// instance without the body, and proves itself by its own checksum. All numbers are big-endian.
//
//   offset  bytes
//        0      4  magic "WFST"
//        4      1  format: 1
//        5      1  codec of the body: 1 = CBOR
//        6      1  status: 1 + place in STATUS_KINDS; 0 in a tombstone
//        7      1  flags: bit 0 tombstone; bit 1 condemned (set with bit 0: a condemned object is a tombstone that
//                  nobody may overwrite); bit 2 first (this incarnation was created where nothing was)
//        8     16  instance id
//       24      4  version of this write
//       28      4  length of the body
//       32      8  nonce of this write
//       40      8  nonce of the write it replaced; zero: it replaced none
//       48      8  incarnation: nonce of the create
//       56      8  nonce of the write that entered the status; zero in a tombstone
//       64      4  version of that write; zero in a tombstone
//       68      4  CRC-32 of the body
//       72      8  time of that write; zero in a tombstone
//       80      8  createdAt
//       88      8  updatedAt
//       96     28  reserved, zero
//      124      4  CRC-32 of the 124 bytes before
//
// Times are float64 holding whole milliseconds since the epoch: what a `Date` is made of, and its whole range.
// A reader judges in this order: magic, format (a later format need not keep anything else where it is), checksum,
// and then, known to be as written, what only a later library can have written.

import { show } from '../show.js';
import { STATUS_KINDS, type StatusKind } from '../status.js';
import { crc32 } from './crc32.js';
import { bytesToHex, writeHex } from './hex.js';

export const HEADER_BYTES = 128;

const MAGIC = 0x57465354;
const FORMAT = 1;
const CODEC_CBOR = 1;
const TOMBSTONE = 1;
const CONDEMNED = 2;
const FIRST = 4;

const AT_FORMAT = 4;
const AT_CODEC = 5;
const AT_STATUS = 6;
const AT_FLAGS = 7;
const AT_ID = 8;
const AT_VERSION = 24;
const AT_BODY_BYTES = 28;
const AT_NONCE = 32;
const AT_PARENT = 40;
const AT_INCARNATION = 48;
const AT_ENTERED_NONCE = 56;
const AT_ENTERED_VERSION = 64;
const AT_BODY_CRC = 68;
const AT_ENTERED_TIME = 72;
const AT_CREATED = 80;
const AT_UPDATED = 88;
const AT_RESERVED = 96;
const AT_HEADER_CRC = 124;

const NO_NONCE = '0000000000000000';
const LATEST_DATE = 8.64e15;

/** What the header of an envelope says. */
export interface EnvelopeHeader {
  /** 32 lowercase hex digits. */
  readonly id: string;
  /** `condemned`: a tombstone about to be removed, which nobody may overwrite. */
  readonly kind: 'live' | 'tombstone' | 'condemned';
  /** Absent unless live: a tombstone does not keep the status that the instance had. */
  readonly status: StatusKind | undefined;
  /** Unsigned 32-bit. */
  readonly version: number;
  /** 16 lowercase hex digits, not all zero. */
  readonly nonce: string;
  /** Nonce of the write that this one replaced; absent where there was none. */
  readonly parent: string | undefined;
  /** Nonce of the create that this chain of writes began with. */
  readonly incarnation: string;
  /** Whether that create met nothing at all, not even a tombstone. */
  readonly first: boolean;
  /** The write that entered the status, and when, in epoch milliseconds. Absent unless live. */
  readonly entered: { readonly version: number; readonly nonce: string; readonly at: number } | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds. */
  readonly updatedAt: number;
  /** Length of the body, which need not have been read. */
  readonly bodyBytes: number;
  /** CRC-32 of the body. */
  readonly bodyCrc: number;
}

/** What a writer decides; the rest follows from the body. */
export type EnvelopeFacts = Omit<EnvelopeHeader, 'bodyBytes' | 'bodyCrc'>;

/** The bytes are not an envelope of format 1: damaged (`corrupt`), or written by a later library (`unsupported`). */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
  readonly reason: 'corrupt' | 'unsupported';
  /** Of the first byte that is wrong, or of the field that is. */
  readonly offset: number;

  constructor(reason: 'corrupt' | 'unsupported', offset: number, message: string) {
    super(message);
    this.reason = reason;
    this.offset = offset;
  }
}

/**
 * Fills the first 128 bytes of `envelope`; what follows them is the body, complete.
 * @throws `RangeError` for facts that have no place in a header: a fault of the caller, who has judged them before.
 */
export function writeHeader(envelope: Uint8Array, facts: EnvelopeFacts): void {
  const { kind, status, entered } = facts;
  const live = kind === 'live';
  const body = envelope.subarray(HEADER_BYTES);
  const code = status === undefined ? 0 : STATUS_KINDS.indexOf(status) + 1;
  if (live !== code > 0 || live !== (entered !== undefined) || (!live && body.length > 0)) {
    throw new RangeError('a live instance has a status, its entry and a body; a tombstone has none of them');
  }
  envelope.fill(0, 0, HEADER_BYTES);
  const view = viewOf(envelope);
  view.setUint32(0, MAGIC);
  view.setUint8(AT_FORMAT, FORMAT);
  view.setUint8(AT_CODEC, CODEC_CBOR);
  view.setUint8(AT_STATUS, code);
  view.setUint8(AT_FLAGS, flagsOf(facts));
  putHex(envelope, AT_ID, 16, facts.id);
  putUint32(view, AT_VERSION, facts.version);
  putHex(envelope, AT_NONCE, 8, facts.nonce);
  if (facts.parent !== undefined) putHex(envelope, AT_PARENT, 8, facts.parent);
  putHex(envelope, AT_INCARNATION, 8, facts.incarnation);
  if (entered !== undefined) {
    putHex(envelope, AT_ENTERED_NONCE, 8, entered.nonce);
    putUint32(view, AT_ENTERED_VERSION, entered.version);
    putTime(view, AT_ENTERED_TIME, entered.at);
  }
  putTime(view, AT_CREATED, facts.createdAt);
  putTime(view, AT_UPDATED, facts.updatedAt);
  putUint32(view, AT_BODY_BYTES, body.length);
  view.setUint32(AT_BODY_CRC, crc32(body));
  view.setUint32(AT_HEADER_CRC, crc32(envelope.subarray(0, AT_HEADER_CRC)));
}

/**
 * Reads and proves the header. The first 128 bytes are enough; the body is neither needed nor looked at.
 * @throws `EnvelopeError`
 */
export function readHeader(envelope: Uint8Array): EnvelopeHeader {
  if (envelope.length < HEADER_BYTES) {
    throw corrupt(
      envelope.length,
      `the envelope is ${envelope.length} bytes long, shorter than its ${HEADER_BYTES}-byte header`,
    );
  }
  const view = viewOf(envelope);
  checkFormat(envelope, view);
  const kind = checkStatusAndFlags(envelope);
  const parent = bytesToHex(envelope, AT_PARENT, 8);
  return {
    id: bytesToHex(envelope, AT_ID, 16),
    kind,
    status: STATUS_KINDS[view.getUint8(AT_STATUS) - 1],
    version: view.getUint32(AT_VERSION),
    nonce: bytesToHex(envelope, AT_NONCE, 8),
    parent: parent === NO_NONCE ? undefined : parent,
    incarnation: bytesToHex(envelope, AT_INCARNATION, 8),
    first: (view.getUint8(AT_FLAGS) & FIRST) !== 0,
    entered:
      kind === 'live'
        ? {
            version: view.getUint32(AT_ENTERED_VERSION),
            nonce: bytesToHex(envelope, AT_ENTERED_NONCE, 8),
            at: timeAt(view, AT_ENTERED_TIME),
          }
        : undefined,
    createdAt: timeAt(view, AT_CREATED),
    updatedAt: timeAt(view, AT_UPDATED),
    bodyBytes: view.getUint32(AT_BODY_BYTES),
    bodyCrc: view.getUint32(AT_BODY_CRC),
  };
}

/**
 * The body behind a header that `readHeader` has proved: a view, complete and as written.
 * @throws `EnvelopeError`
 */
export function readBody(envelope: Uint8Array, header: Pick<EnvelopeHeader, 'bodyBytes' | 'bodyCrc'>): Uint8Array {
  const body = envelope.subarray(HEADER_BYTES);
  const { bodyBytes, bodyCrc } = header;
  if (body.length !== bodyBytes) {
    const offset = HEADER_BYTES + Math.min(body.length, bodyBytes);
    throw corrupt(offset, `the body is ${body.length} bytes long, ${bodyBytes} in the header`);
  }
  const computed = crc32(body);
  if (computed !== bodyCrc) {
    throw corrupt(HEADER_BYTES, `body checksum is ${hex32(bodyCrc)}, computed ${hex32(computed)}`);
  }
  return body;
}

function checkFormat(envelope: Uint8Array, view: DataView): void {
  if (view.getUint32(0) !== MAGIC) {
    throw corrupt(0, `byte 0: magic is ${bytesToHex(envelope, 0, 4).replace(/..(?!$)/g, '$& ')}, not WFST`);
  }
  const format = view.getUint8(AT_FORMAT);
  if (format === 0) throw corrupt(AT_FORMAT, `byte ${AT_FORMAT}: there is no format 0`);
  if (format > FORMAT) throw unsupported(AT_FORMAT, `format is ${format}, this library reads up to ${FORMAT}`);
  const stored = view.getUint32(AT_HEADER_CRC);
  const computed = crc32(envelope.subarray(0, AT_HEADER_CRC));
  if (stored !== computed) {
    throw corrupt(AT_HEADER_CRC, `header checksum is ${hex32(stored)}, computed ${hex32(computed)}`);
  }
}

function checkStatusAndFlags(envelope: Uint8Array): EnvelopeHeader['kind'] {
  const codec = byteAt(envelope, AT_CODEC);
  const status = byteAt(envelope, AT_STATUS);
  const flags = byteAt(envelope, AT_FLAGS);
  if (codec !== CODEC_CBOR) throw unsupported(AT_CODEC, `codec ${codec} is unknown`);
  if (status > STATUS_KINDS.length) throw unsupported(AT_STATUS, `status ${status} is unknown`);
  if (flags > (TOMBSTONE | CONDEMNED | FIRST)) throw unsupported(AT_FLAGS, `flags ${flags} hold unknown bits`);
  const reserved = firstInUse(envelope, AT_RESERVED, AT_HEADER_CRC);
  if (reserved !== undefined) throw unsupported(reserved, 'a reserved byte is in use');
  if (flags & TOMBSTONE) {
    checkTombstone(envelope);
    return flags & CONDEMNED ? 'condemned' : 'tombstone';
  }
  if (status === 0) throw corrupt(AT_STATUS, `byte ${AT_STATUS}: a live instance without status`);
  if (flags & CONDEMNED) throw corrupt(AT_FLAGS, `byte ${AT_FLAGS}: condemned, but not a tombstone`);
  return 'live';
}

/** A tombstone has no status, no body, and entered nothing. */
function checkTombstone(envelope: Uint8Array): void {
  const at =
    firstInUse(envelope, AT_STATUS, AT_FLAGS) ??
    firstInUse(envelope, AT_BODY_BYTES, AT_NONCE) ??
    firstInUse(envelope, AT_ENTERED_NONCE, AT_CREATED);
  if (at !== undefined) throw corrupt(at, `byte ${at}: a tombstone has neither status nor body`);
}

/** Offset of the first byte in `[from, to)` that is not zero. */
function firstInUse(envelope: Uint8Array, from: number, to: number): number | undefined {
  for (let at = from; at < to; at++) if (byteAt(envelope, at) !== 0) return at;
  return undefined;
}

function flagsOf({ kind, first }: EnvelopeFacts): number {
  const dead = kind === 'live' ? 0 : kind === 'tombstone' ? TOMBSTONE : TOMBSTONE | CONDEMNED;
  return first ? dead | FIRST : dead;
}

function putHex(envelope: Uint8Array, at: number, bytes: number, text: string): void {
  if (text.length !== 2 * bytes) throw new RangeError(`${show(text)} is not ${2 * bytes} hex digits`);
  writeHex(text, envelope, at);
}

function putUint32(view: DataView, at: number, value: number): void {
  if (value >>> 0 !== value) throw new RangeError(`${value} is not an unsigned 32-bit integer`);
  view.setUint32(at, value);
}

function putTime(view: DataView, at: number, time: number): void {
  if (!isTime(time)) throw new RangeError(`${time} is not the time of a valid Date`);
  view.setFloat64(at, time);
}

function timeAt(view: DataView, at: number): number {
  const time = view.getFloat64(at);
  if (!isTime(time)) throw corrupt(at, `byte ${at}: ${time} is not the time of a valid Date`);
  return time;
}

function isTime(time: number): boolean {
  return Number.isInteger(time) && Math.abs(time) <= LATEST_DATE && !Object.is(time, -0);
}

function viewOf(envelope: Uint8Array): DataView {
  return new DataView(envelope.buffer, envelope.byteOffset, HEADER_BYTES);
}

function byteAt(envelope: Uint8Array, at: number): number {
  return envelope[at] ?? 0;
}

function hex32(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

function corrupt(offset: number, message: string): EnvelopeError {
  return new EnvelopeError('corrupt', offset, message);
}

function unsupported(offset: number, message: string): EnvelopeError {
  return new EnvelopeError('unsupported', offset, `byte ${offset}: ${message}`);
}
