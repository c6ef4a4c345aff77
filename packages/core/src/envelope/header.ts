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

import { STATUS_KINDS, type StatusKind } from '../status.js';
import { crc32 } from './crc32.js';
import { corrupt, EnvelopeError } from './envelope-error.js';
import { hexAt, setHex } from './hex.js';

export const HEADER_BYTES = 128;

const MAGIC = 0x57465354;
const FORMAT = 1;
const CODEC_CBOR = 1;
const FIRST = 4;

// Offsets, as in the table above; those that errors name.
const AT_FORMAT = 4;
const AT_CODEC = 5;
const AT_STATUS = 6;
const AT_FLAGS = 7;
const AT_HEADER_CRC = 124;

/** By the two flags below FIRST; a live instance cannot be condemned. */
const KINDS = ['live', 'tombstone', undefined, 'condemned'] as const;
export const NO_NONCE = '0000000000000000';
const MISFIT = ' has no place here';
/** Milliseconds of the last Date there is; the first is as far before the epoch. */
export const LATEST_DATE = 8.64e15;

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

/**
 * Fills the first 128 bytes of `envelope`; what follows them is the body, complete.
 * @throws `RangeError` for facts that have no place in a header: a fault of the caller, who has judged them before.
 */
export function writeHeader(envelope: Uint8Array, facts: EnvelopeFacts): void {
  const { id, kind, parent, entered } = facts;
  const live = kind === 'live';
  const body = envelope.subarray(HEADER_BYTES);
  const status = STATUS_KINDS.indexOf(facts.status as StatusKind) + 1;
  if (live !== status > 0 || live !== (entered !== undefined) || (!live && body.length > 0)) {
    throw new RangeError('a live instance has status, entry and body, a tombstone none');
  }
  envelope.fill(0, 0, HEADER_BYTES);
  const view = viewOf(envelope);
  view.setUint32(0, MAGIC);
  view.setUint8(AT_FORMAT, FORMAT);
  view.setUint8(AT_CODEC, CODEC_CBOR);
  view.setUint8(AT_STATUS, status);
  view.setUint8(AT_FLAGS, KINDS.indexOf(kind) | (facts.first ? FIRST : 0));
  setHex(view, 8, id.slice(0, 16));
  setHex(view, 16, id.slice(16));
  setUint32(view, 24, facts.version);
  setHex(view, 32, facts.nonce);
  if (parent !== undefined) setHex(view, 40, parent);
  setHex(view, 48, facts.incarnation);
  if (entered !== undefined) {
    setHex(view, 56, entered.nonce);
    setUint32(view, 64, entered.version);
    setTime(view, 72, entered.at);
  }
  setTime(view, 80, facts.createdAt);
  setTime(view, 88, facts.updatedAt);
  setUint32(view, 28, body.length);
  view.setUint32(68, crc32(body));
  view.setUint32(AT_HEADER_CRC, crc32(envelope.subarray(0, AT_HEADER_CRC)));
}

/**
 * Reads and proves the header. The first 128 bytes are enough; the body is neither needed nor looked at.
 * @throws `EnvelopeError`
 */
export function readHeader(envelope: Uint8Array): EnvelopeHeader {
  if (envelope.length < HEADER_BYTES)
    throw corrupt(envelope.length, `${envelope.length} bytes long, less than the header`);
  const view = viewOf(envelope);
  checkFormat(envelope, view);
  const kind = checkStatusAndFlags(envelope);
  const parent = hexAt(view, 40);
  return {
    id: hexAt(view, 8) + hexAt(view, 16),
    kind,
    status: STATUS_KINDS[view.getUint8(AT_STATUS) - 1],
    version: view.getUint32(24),
    nonce: hexAt(view, 32),
    parent: parent === NO_NONCE ? undefined : parent,
    incarnation: hexAt(view, 48),
    first: (view.getUint8(AT_FLAGS) & FIRST) > 0,
    entered:
      kind === 'live'
        ? {
            version: view.getUint32(64),
            nonce: hexAt(view, 56),
            at: timeAt(view, 72),
          }
        : undefined,
    createdAt: timeAt(view, 80),
    updatedAt: timeAt(view, 88),
    bodyBytes: view.getUint32(28),
    bodyCrc: view.getUint32(68),
  };
}

/**
 * Proves that the body behind a header that `readHeader` has proved is complete and as written.
 * @throws `EnvelopeError`
 */
export function checkBody(
  envelope: Uint8Array,
  { bodyBytes, bodyCrc }: Pick<EnvelopeHeader, 'bodyBytes' | 'bodyCrc'>,
): void {
  const body = envelope.subarray(HEADER_BYTES);
  const { length } = body;
  if (length !== bodyBytes)
    throw corrupt(HEADER_BYTES + Math.min(length, bodyBytes), `the body has ${length} bytes, not ${bodyBytes}`);
  checkCrc(HEADER_BYTES, 'body', bodyCrc, body);
}

function checkFormat(envelope: Uint8Array, view: DataView): void {
  const magic = view.getUint32(0);
  const format = view.getUint8(AT_FORMAT);
  if (magic !== MAGIC) throw corrupt(0, `magic is ${magic.toString(16)}, not WFST`);
  if (format === 0) throw corrupt(AT_FORMAT, 'there is no format 0');
  if (format > FORMAT) throw unsupported(AT_FORMAT, 'format', format);
  checkCrc(AT_HEADER_CRC, 'header', view.getUint32(AT_HEADER_CRC), envelope.subarray(0, AT_HEADER_CRC));
}

function checkStatusAndFlags(envelope: Uint8Array): EnvelopeHeader['kind'] {
  const codec = byteAt(envelope, AT_CODEC);
  const status = byteAt(envelope, AT_STATUS);
  const flags = byteAt(envelope, AT_FLAGS);
  const reserved = firstInUse(envelope, 96, AT_HEADER_CRC);
  const kind = KINDS[flags & ~FIRST];
  if (codec !== CODEC_CBOR) throw unsupported(AT_CODEC, 'codec', codec);
  if (status > STATUS_KINDS.length) throw unsupported(AT_STATUS, 'status', status);
  if (flags >= 2 * FIRST) throw unsupported(AT_FLAGS, 'flags', flags);
  if (reserved !== undefined) throw unsupported(reserved, 'reserved', byteAt(envelope, reserved));
  if (kind === undefined) throw corrupt(AT_FLAGS, 'condemned, but not a tombstone');
  if (kind !== 'live') checkTombstone(envelope);
  else if (status === 0) throw corrupt(AT_STATUS, 'a live instance without status');
  return kind;
}

/** A tombstone has no status, no body, and entered nothing. */
function checkTombstone(envelope: Uint8Array): void {
  const at = firstInUse(envelope, AT_STATUS, AT_FLAGS) ?? firstInUse(envelope, 28, 32) ?? firstInUse(envelope, 56, 80);
  if (at !== undefined) throw corrupt(at, 'a tombstone with a status or a body');
}

/** Offset of the first byte in `[from, to)` that is not zero. */
function firstInUse(envelope: Uint8Array, from: number, to: number): number | undefined {
  for (let at = from; at < to; at++) if (byteAt(envelope, at) > 0) return at;
  return undefined;
}

function setUint32(view: DataView, at: number, value: number): void {
  if (value >>> 0 !== value) throw new RangeError(`${value}${MISFIT}`);
  view.setUint32(at, value);
}

function setTime(view: DataView, at: number, time: number): void {
  view.setFloat64(at, time);
  if (!isTime(time)) throw new RangeError(`${time}${MISFIT}`);
}

function timeAt(view: DataView, at: number): number {
  const time = view.getFloat64(at);
  if (!isTime(time)) throw corrupt(at, `${time}${MISFIT}`);
  return time;
}

function isTime(time: number): boolean {
  return Number.isInteger(time) && Math.abs(time) <= LATEST_DATE && !Object.is(time, -0);
}

function checkCrc(offset: number, what: string, stored: number, bytes: Uint8Array): void {
  const computed = crc32(bytes);
  if (stored !== computed)
    throw corrupt(offset, `${what} checksum is ${stored.toString(16)}, computed ${computed.toString(16)}`);
}

function viewOf(envelope: Uint8Array): DataView {
  return new DataView(envelope.buffer, envelope.byteOffset, HEADER_BYTES);
}

function byteAt(envelope: Uint8Array, at: number): number {
  return envelope[at] ?? 0;
}

function unsupported(offset: number, field: string, value: number): EnvelopeError {
  return new EnvelopeError('unsupported', offset, `${field} ${value} is unknown`);
}
