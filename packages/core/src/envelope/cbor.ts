// The body of an envelope: a deterministic subset of CBOR (RFC 8949).
//
//   numbers   integers within ±(2⁵³−1) in the shortest form; float64 for every other number and for −0; one NaN
//   text      well-formed UTF-8, definite length, a leading byte order mark is part of it
//   bytes     definite length
//   arrays    definite length
//   maps      definite length, text keys, no key twice, in the order in which the object has them
//
// Everything else is refused, by byte offset: tags, booleans, null, other simple values, shorter floats, indefinite
// lengths, longer forms than needed, bytes after the value, more than 8 containers in one another. So every value has
// one encoding, up to the order of keys. Keys are not sorted: no two writers' bytes are ever compared, sorting is paid
// for at every save, and a reader should find the keys in the order in which they were given.
//
// The libraries at hand lose −0, rename `__proto__`, or are three times slower once told not to.

import { show } from '../show.js';

export type CborValue = number | string | Uint8Array | readonly CborValue[] | CborMap;

/** A plain object: its own enumerable properties. */
export interface CborMap {
  readonly [key: string]: CborValue;
}

/** The value cannot be written, or the bytes are not what `encodeCbor` writes. */
export class CborError extends Error {
  override readonly name = 'CborError';
  /** Where the offending item begins, in the bytes read or, `reserve` included, in those written. */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const MAX_DEPTH = 8;
const TWO_32 = 2 ** 32;
/** Upper half of the one NaN; the lower is zero. */
const NAN_HIGH = 0x7ff80000;

const UINT = 0x00;
const NEGATIVE = 0x20;
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;
const MAP = 0xa0;
const FLOAT64 = 0xfb;

/** Longest text that is moved character by character: beyond it, calling the runtime's coder costs less. */
const SHORT_TEXT = 40;
/** Largest head of an item: the initial byte and a 64-bit argument. */
const HEAD = 9;
const FIRST_SPARE = 16 * 1024;
const LARGEST_SPARE = 512 * 1024;

const float = new DataView(new ArrayBuffer(8));
const floatBytes = new Uint8Array(float.buffer);
const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Kept between calls, so that growing is rare: the value is written here in one pass and cut to size at the end. */
let spare: Uint8Array | undefined;

/**
 * The encoding of `value`, in a fresh array, behind `reserve` zero bytes that are left for the caller.
 * @throws `CborError` for what has no encoding: unpaired surrogates, types not in `CborValue`, too many levels.
 */
export function encodeCbor(value: CborValue, reserve = 0): Uint8Array {
  // Taken, not shared: a getter that encodes something itself gets another one.
  const writer: Writer = { bytes: spare ?? new Uint8Array(FIRST_SPARE), at: 0 };
  spare = undefined;
  makeRoom(writer, reserve);
  writer.bytes.fill(0, 0, reserve);
  writer.at = reserve;
  writeValue(writer, value, 0);
  const encoded = writer.bytes.slice(0, writer.at);
  if (writer.bytes.length <= LARGEST_SPARE) spare = writer.bytes;
  return encoded;
}

/**
 * The value that `bytes` are. Byte strings are plain `Uint8Array`s on one buffer that belongs to this value alone: none
 * is a view on `bytes`. Maps are plain objects of which every key, `__proto__` too, is an own property.
 * @throws `CborError`
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader: Reader = { bytes, at: 0, owned: undefined, place: UNKNOWN };
  const value = readValue(reader, 0);
  const left = bytes.length - reader.at;
  if (left > 0) throw new CborError(reader.at, `${left} bytes follow the value`);
  return value;
}

/** Where the encoding goes, and how far it has come. */
interface Writer {
  bytes: Uint8Array;
  at: number;
}

function writeValue(w: Writer, value: CborValue, depth: number): void {
  if (typeof value === 'string') writeText(w, value);
  else if (typeof value === 'number') writeNumber(w, value);
  else if (value instanceof Uint8Array) writeBytes(w, value);
  else if (Array.isArray(value)) writeArray(w, value, depth + 1);
  else if (typeof value === 'object' && value !== null) writeMap(w, value as CborMap, depth + 1);
  else throw new CborError(w.at, `${value === null ? 'null' : typeof value} has no encoding`);
}

function writeMap(w: Writer, map: CborMap, depth: number): void {
  checkDepth(w.at, depth);
  const keys = Object.keys(map);
  writeHead(w, MAP, keys.length);
  for (const key of keys) {
    writeText(w, key);
    writeValue(w, map[key] as CborValue, depth);
  }
}

function writeArray(w: Writer, items: readonly CborValue[], depth: number): void {
  checkDepth(w.at, depth);
  writeHead(w, ARRAY, items.length);
  for (const item of items) writeValue(w, item, depth);
}

function writeBytes(w: Writer, bytes: Uint8Array): void {
  makeRoom(w, HEAD + bytes.length);
  writeHead(w, BYTES, bytes.length);
  w.bytes.set(bytes, w.at);
  w.at += bytes.length;
}

function writeText(w: Writer, text: string): void {
  const length = text.length;
  // A UTF-16 unit is at most three bytes of UTF-8.
  makeRoom(w, HEAD + 3 * length);
  if (length <= SHORT_TEXT && writeAscii(w, text)) return;
  if (!text.isWellFormed()) throw new CborError(w.at, 'text with an unpaired surrogate has no encoding');
  // The head's size depends on a length known only afterwards: guessed, and put right where the guess was wrong.
  const start = w.at + headBytes(length);
  const { written } = textEncoder.encodeInto(text, w.bytes.subarray(start));
  const shift = headBytes(written) - headBytes(length);
  if (shift > 0) w.bytes.copyWithin(start + shift, start, start + written);
  writeHead(w, TEXT, written);
  w.at += written;
}

/** Writes a short text if it is ASCII; else leaves `at` where it was. */
function writeAscii(w: Writer, text: string): boolean {
  const { bytes } = w;
  const length = text.length;
  let at = w.at;
  if (length < 24) bytes[at++] = TEXT | length;
  else {
    bytes[at++] = TEXT | 24;
    bytes[at++] = length;
  }
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return false;
    bytes[at++] = unit;
  }
  w.at = at;
  return true;
}

function writeNumber(w: Writer, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    if (value >= 0) writeHead(w, UINT, value);
    else writeHead(w, NEGATIVE, -1 - value);
    return;
  }
  makeRoom(w, HEAD);
  // The bits of a NaN are the engine's choice; ours are fixed.
  float.setFloat64(0, value);
  if (Number.isNaN(value)) {
    float.setUint32(0, NAN_HIGH);
    float.setUint32(4, 0);
  }
  w.bytes[w.at] = FLOAT64;
  w.bytes.set(floatBytes, w.at + 1);
  w.at += HEAD;
}

function writeHead(w: Writer, type: number, argument: number): void {
  makeRoom(w, HEAD);
  const { bytes } = w;
  if (argument < 24) {
    bytes[w.at++] = type | argument;
    return;
  }
  let size = headBytes(argument) - 1;
  bytes[w.at++] = type | (size === 1 ? 24 : size === 2 ? 25 : size === 4 ? 26 : 27);
  if (size === 8) {
    const high = Math.floor(argument / TWO_32);
    for (let shift = 24; shift >= 0; shift -= 8) bytes[w.at++] = high >>> shift;
    size = 4;
  }
  for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes[w.at++] = argument >>> shift;
}

function makeRoom(w: Writer, extra: number): void {
  const { bytes, at } = w;
  if (bytes.length - at >= extra) return;
  w.bytes = new Uint8Array(Math.max(2 * bytes.length, at + extra));
  w.bytes.set(bytes);
}
// Short ASCII texts that were read, in pairs of places, the younger first: a text's hash gives the pair, and the older makes way. The same
// keys come again in every state: finding one costs less than making it, and tells most keys from duplicates for free.
// Names that every object inherits are never kept.
const KNOWN_TEXTS = 2048;
/** From 32 bits of hash to the number of a pair of places. */
const PLACE_SHIFT = 22;
const UNKNOWN = -1;
const knownTexts: (string | undefined)[] = new Array<string | undefined>(KNOWN_TEXTS);
/** By place: the map that last had a key there. Maps are numbered in the order in which their reading begins. */
const lastMap = new Float64Array(KNOWN_TEXTS);
let maps = 0;

/** What is read, and how far. */
interface Reader {
  readonly bytes: Uint8Array;
  at: number;
  /** The copy that byte strings are views on, once there is one. */
  owned: ArrayBuffer | undefined;
  /** Place among the known texts of the text read last. */
  place: number;
}

function readValue(r: Reader, depth: number): CborValue {
  const at = r.at;
  const initial = r.bytes[at];
  if (initial === undefined) throw new CborError(at, 'the input ends where a value should begin');
  switch (initial & 0xe0) {
    case UINT:
      return readArgument(r);
    case NEGATIVE:
      return readNegative(r);
    case BYTES:
      return readBytes(r);
    case TEXT:
      return readText(r);
    case ARRAY:
      return readArray(r, depth + 1);
    case MAP:
      return readMap(r, depth + 1);
    default:
      return readFloat64(r);
  }
}

function readMap(r: Reader, depth: number): CborMap {
  const start = r.at;
  checkDepth(r.at, depth);
  const size = readSize(r, 'map');
  const map: Record<string, CborValue> = {};
  const number = ++maps;
  for (let i = 0; i < size; i++) {
    const at = r.at;
    const key = readKey(r, start);
    if (!isNewIn(r, number) && key in map) readRareKey(r, map, key, at, depth);
    else map[key] = readValue(r, depth);
  }
  return map;
}

function readKey(r: Reader, map: number): string {
  const { bytes, at } = r;
  const initial = bytes[at] ?? 0;
  const end = at + 1 + initial - TEXT;
  // Nearly every key: less than 24 bytes, so that its length is in the initial byte.
  if (initial >= TEXT && initial < TEXT + 24 && end <= bytes.length) {
    r.at = end;
    return shortText(r, at, at + 1);
  }
  if ((initial & 0xe0) === TEXT) return readText(r);
  const what =
    at < bytes.length ? `a key of the map at byte ${map} is not text` : 'the input ends where a key should begin';
  throw new CborError(at, what);
}

/**
 * Whether the key just read is sure to be new in map `number`, and not inherited. A key of the map leaves the map's
 * number at its place. What else is left there before the map ends is no lower: maps within it began later, and a
 * text that is newly kept brings the latest number.
 */
function isNewIn(r: Reader, number: number): boolean {
  const { place } = r;
  if (place === UNKNOWN) return false;
  const isNew = (lastMap[place] ?? number) < number;
  lastMap[place] = number;
  return isNew;
}

/**
 * A key that the map has already, or one that every object inherits. Assigning the latter would set the prototype for
 * `__proto__`, and fail for all where Object.prototype is frozen.
 */
function readRareKey(r: Reader, map: CborMap, key: string, at: number, depth: number): void {
  if (Object.hasOwn(map, key)) throw new CborError(at, `key ${show(key)} is in this map twice`);
  const value = readValue(r, depth);
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}

function readArray(r: Reader, depth: number): CborValue[] {
  checkDepth(r.at, depth);
  const size = readSize(r, 'array');
  const items: CborValue[] = [];
  for (let i = 0; i < size; i++) items.push(readValue(r, depth));
  return items;
}

function readBytes(r: Reader): Uint8Array {
  const length = readSize(r, 'byte string');
  r.owned ??= copyOf(r.bytes);
  const bytes = new Uint8Array(r.owned, r.at, length);
  r.at += length;
  return bytes;
}

function readText(r: Reader): string {
  const head = r.at;
  const length = readSize(r, 'text');
  const start = r.at;
  r.at += length;
  return length <= SHORT_TEXT ? shortText(r, head, start) : longText(r, head, start);
}

function shortText(r: Reader, head: number, start: number): string {
  const { bytes, at } = r;
  let hash = 0;
  for (let i = start; i < at; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
  // Multiplied by 2³²/φ, so that keys that differ in a last digit do not share a pair.
  const place = (Math.imul(hash, 0x9e3779b1) >>> PLACE_SHIFT) << 1;
  return knownText(r, place, start) ?? knownText(r, place + 1, start) ?? newText(r, place, head, start);
}

function knownText(r: Reader, place: number, start: number): string | undefined {
  const { bytes, at } = r;
  const text = knownTexts[place];
  if (text === undefined || text.length !== at - start) return undefined;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return undefined;
  r.place = place;
  return text;
}

function newText(r: Reader, place: number, head: number, start: number): string {
  const text = longText(r, head, start);
  // Only in ASCII are there as many units as bytes, and only ASCII is found again by comparing the two.
  if (text.length === r.at - start && !(text in Object.prototype)) {
    r.place = place;
    knownTexts[place + 1] = knownTexts[place];
    knownTexts[place] = text;
    lastMap[place] = lastMap[place + 1] = maps;
  }
  return text;
}

function longText(r: Reader, head: number, start: number): string {
  r.place = UNKNOWN;
  try {
    return textDecoder.decode(r.bytes.subarray(start, r.at));
  } catch {
    throw new CborError(head, `text of ${r.at - start} bytes is not well-formed UTF-8`);
  }
}

/**
 * Bytes or items that follow: no more than there is input for, so that a lie costs nothing. An item takes one byte at
 * least, an entry of a map two.
 */
function readSize(r: Reader, what: 'text' | 'byte string' | 'array' | 'map'): number {
  const at = r.at;
  const size = readArgument(r);
  const left = r.bytes.length - r.at;
  if (size > left || (what === 'map' && 2 * size > left)) throw tooLarge(at, what, size, left);
  return size;
}

function tooLarge(at: number, what: string, size: number, left: number): CborError {
  return new CborError(at, `${what} of ${size} in the last ${left} bytes of the input`);
}

function readNegative(r: Reader): number {
  const at = r.at;
  const value = -1 - readArgument(r);
  if (value < Number.MIN_SAFE_INTEGER) throw new CborError(at, 'integer beyond ±(2^53-1)');
  return value;
}

function readFloat64(r: Reader): number {
  const at = r.at;
  const initial = r.bytes[at] ?? 0;
  if (initial !== FLOAT64) throw new CborError(at, refused(initial));
  const bits = take(r, 8);
  for (let i = 0; i < 8; i++) float.setUint8(i, r.bytes[bits + i] ?? 0);
  const value = float.getFloat64(0);
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    throw new CborError(at, `${value} as a float: it has an integer form`);
  }
  if (Number.isNaN(value) && (float.getUint32(0) !== NAN_HIGH || float.getUint32(4) !== 0)) {
    throw new CborError(at, 'NaN other than 7ff8000000000000');
  }
  return value;
}

/** Reads the head of an item and returns its argument, which is in the shortest form and an exact number. */
function readArgument(r: Reader): number {
  const info = (r.bytes[r.at] ?? 0) & 31;
  if (info >= 24) return longArgument(r, info);
  r.at++;
  return info;
}

function longArgument(r: Reader, info: number): number {
  const at = r.at;
  if (info > 27) throw new CborError(at, info === 31 ? 'indefinite length' : `reserved length ${info}`);
  const size = 1 << (info - 24);
  const start = take(r, size);
  let argument = 0;
  for (let i = start; i < start + size; i++) argument = argument * 256 + (r.bytes[i] ?? 0);
  // Rounding above 2^53 never comes down to it, so this also finds what is not exact.
  if (argument > Number.MAX_SAFE_INTEGER) throw new CborError(at, 'integer or length beyond 2^53-1');
  if (headBytes(argument) !== 1 + size) throw new CborError(at, `${argument} in ${size} bytes, more than needed`);
  return argument;
}

/** Steps over an initial byte and `size` bytes after it, and returns where these begin. */
function take(r: Reader, size: number): number {
  const start = r.at + 1;
  if (start + size > r.bytes.length) {
    throw new CborError(r.at, `the input ends ${start + size - r.bytes.length} bytes before the end of this item`);
  }
  r.at = start + size;
  return start;
}
/** One copy for all byte strings of a value: an allocation for each would cost several times as much. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

function checkDepth(at: number, depth: number): void {
  if (depth > MAX_DEPTH) throw new CborError(at, `more than ${MAX_DEPTH} maps and arrays in one another`);
}

/** Bytes of the head of an item with this argument. */
function headBytes(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 256) return 2;
  if (argument < 65536) return 3;
  return argument < TWO_32 ? 5 : 9;
}

function refused(initial: number): string {
  if (initial < 0xe0) return `tag ${initial & 31}`;
  return initial === 0xf9 || initial === 0xfa ? 'float of less than 64 bits' : 'simple value';
}
