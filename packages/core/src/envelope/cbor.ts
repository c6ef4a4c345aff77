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

import { isBytes } from '../realms.js';
import { setOwn } from '../set-own.js';
import { show } from '../show.js';
import { corrupt, type EnvelopeError } from './envelope-error.js';
import { TEXT_DECODER, TEXT_ENCODER } from './utf8.js';

export type CborValue = number | string | Uint8Array | readonly CborValue[] | CborMap;

/** A plain object: its own enumerable properties. */
export interface CborMap {
  readonly [key: string]: CborValue;
}

const MAX_DEPTH = 8;
const TOO_DEEP = `more than ${MAX_DEPTH} maps and arrays in one another`;
const TWO_32 = 2 ** 32;
/** The bits of the one NaN. */
const NAN_BITS = 0x7ff8n << 48n;

// Initial bytes without their argument.
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

/** Kept between calls, so that growing is rare: the value is written here in one pass and cut to size at the end. */
let spare: Uint8Array | undefined;

/**
 * The encoding of `value`, in a fresh array, behind `reserve` zero bytes that are left for the caller.
 * @throws `RangeError` for what has no encoding, a fault of the caller: unpaired surrogates, types that are not in
 * `CborValue`, too many levels.
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
 * The value that `bytes` are, after the first `from` of them. Byte strings are plain `Uint8Array`s on one buffer that belongs to this value alone: none
 * is a view on `bytes`. Maps are plain objects of which every key, `__proto__` too, is an own property.
 * @throws `EnvelopeError`, by the offset in `bytes`.
 */
export function decodeCbor(bytes: Uint8Array, from = 0): CborValue {
  const reader: Reader = { bytes, at: from, owned: undefined, place: UNKNOWN };
  const value = readValue(reader, 0);
  if (reader.at < bytes.length) throw corrupt(reader.at, 'bytes follow the value');
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
  else if (isBytes(value)) writeBytes(w, value);
  else if (Array.isArray(value)) writeArray(w, value, depth + 1);
  else if (typeof value === 'object' && value !== null) writeMap(w, value as CborMap, depth + 1);
  else throw noEncoding(value);
}

function writeMap(w: Writer, map: CborMap, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError(TOO_DEEP);
  const keys = Object.keys(map);
  writeHead(w, MAP, keys.length);
  for (const key of keys) {
    writeText(w, key);
    writeValue(w, map[key] as CborValue, depth);
  }
}

function writeArray(w: Writer, items: readonly CborValue[], depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError(TOO_DEEP);
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
  if (!text.isWellFormed()) throw noEncoding(text);
  // The head's size depends on a length known only afterwards: guessed, and put right where the guess was wrong.
  const start = w.at + headBytes(length);
  const { written } = TEXT_ENCODER.encodeInto(text, w.bytes.subarray(start));
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
  float.setFloat64(0, value);
  // The bits of a NaN are the engine's choice; ours are fixed.
  if (Number.isNaN(value)) float.setBigUint64(0, NAN_BITS);
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
  const info = longInfo(argument);
  bytes[w.at++] = type | info;
  // Storing in a byte array takes the fraction off, and what does not fit in a byte.
  for (let unit = 256 ** ((1 << (info - 24)) - 1); unit >= 1; unit /= 256) bytes[w.at++] = argument / unit;
}

function noEncoding(value: unknown): RangeError {
  return new RangeError(`${show(value)} has no encoding`);
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

/** By major type. */
const READERS = [readArgument, readNegative, readBytes, readText, readArray, readMap];

function readValue(r: Reader, depth: number): CborValue {
  needs(r, r.at, 1);
  return (READERS[majorType(r)] ?? readFloat64)(r, depth + 1);
}

function readMap(r: Reader, depth: number): CborMap {
  if (depth > MAX_DEPTH) throw corrupt(r.at, TOO_DEEP);
  const size = readSize(r, 2);
  const map: Record<string, CborValue> = {};
  const number = ++maps;
  for (let i = 0; i < size; i++) {
    const at = r.at;
    const key = readKey(r);
    if (!isNewIn(r, number) && key in map) readRareKey(r, map, key, at, depth);
    else map[key] = readValue(r, depth);
  }
  return map;
}

function readKey(r: Reader): string {
  const { bytes, at } = r;
  const end = at + 1 + (bytes[at] ?? 0) - TEXT;
  // Nearly every key: less than 24 bytes, so that its length is in the initial byte.
  if (end > at && end < at + 25 && end <= bytes.length) {
    r.at = end;
    return shortText(r, at, at + 1);
  }
  needs(r, at, 1);
  if (majorType(r) === 3) return readText(r);
  throw corrupt(at, 'a key that is not text');
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
function readRareKey(r: Reader, map: Record<string, CborValue>, key: string, at: number, depth: number): void {
  if (Object.hasOwn(map, key)) throw corrupt(at, `key ${show(key)} is in this map twice`);
  setOwn(map, key, readValue(r, depth));
}

function readArray(r: Reader, depth: number): CborValue[] {
  if (depth > MAX_DEPTH) throw corrupt(r.at, TOO_DEEP);
  const size = readSize(r, 1);
  const items: CborValue[] = [];
  for (let i = 0; i < size; i++) items.push(readValue(r, depth));
  return items;
}

function readBytes(r: Reader): Uint8Array {
  const length = readSize(r, 1);
  r.owned ??= copyOf(r.bytes);
  const bytes = new Uint8Array(r.owned, r.at, length);
  r.at += length;
  return bytes;
}

function readText(r: Reader): string {
  const head = r.at;
  const length = readSize(r, 1);
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
    return TEXT_DECODER.decode(r.bytes.subarray(start, r.at));
  } catch {
    throw corrupt(head, 'text that is not well-formed UTF-8');
  }
}

/**
 * How many bytes, items or entries follow, of at least `each` bytes: no more than there is input for, so that a lie
 * costs nothing.
 */
function readSize(r: Reader, each: 1 | 2): number {
  const at = r.at;
  const size = readArgument(r);
  needs(r, at, each * size);
  return size;
}

function needs(r: Reader, at: number, bytes: number): void {
  const left = r.bytes.length - r.at;
  if (bytes > left) throw corrupt(at, `at least ${bytes} bytes expected, ${left} left`);
}

function majorType({ bytes, at }: Reader): number {
  return (bytes[at] ?? 0) >> 5;
}

function readNegative(r: Reader): number {
  const at = r.at;
  return exact(at, -1 - readArgument(r));
}

function readFloat64(r: Reader): number {
  const { bytes, at } = r;
  if (bytes[at] !== FLOAT64) throw refused(r);
  const start = take(r, 8);
  floatBytes.set(bytes.subarray(start, r.at));
  const value = float.getFloat64(0);
  const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0);
  if (isInteger || (Number.isNaN(value) && float.getBigUint64(0) !== NAN_BITS)) throw notTheEncoding(at, value);
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
  if (info > 27) throw refused(r);
  const start = take(r, 1 << (info - 24));
  let argument = 0;
  for (let i = start; i < r.at; i++) argument = argument * 256 + (r.bytes[i] ?? 0);
  if (argument < 24 || longInfo(argument) !== info) throw notTheEncoding(at, argument);
  return exact(at, argument);
}

/** Rounding above 2^53 never comes down to it, so this also finds what is not exact. */
function exact(at: number, integer: number): number {
  if (Number.isSafeInteger(integer)) return integer;
  throw corrupt(at, 'integer or length beyond 2^53-1');
}

/** Steps over an initial byte and `size` bytes after it, and returns where these begin. */
function take(r: Reader, size: number): number {
  const start = r.at + 1;
  needs(r, r.at, 1 + size);
  r.at = start + size;
  return start;
}

/** One copy for all byte strings of a value: an allocation for each would cost several times as much. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}

/** Bytes of the head of an item with this argument. */
function headBytes(argument: number): number {
  return argument < 24 ? 1 : 1 + (1 << (longInfo(argument) - 24));
}

/** What the initial byte says of an argument that it has no room for: 24 to 27 for 1, 2, 4 or 8 bytes. */
function longInfo(argument: number): number {
  return argument < 256 ? 24 : argument < 65536 ? 25 : argument < TWO_32 ? 26 : 27;
}

function notTheEncoding(at: number, value: number): EnvelopeError {
  return corrupt(at, `not the one encoding of ${value}`);
}

/** Tags, simple values, shorter floats, indefinite and reserved lengths. */
function refused({ bytes, at }: Reader): EnvelopeError {
  return corrupt(at, `no item begins with 0x${bytes[at]?.toString(16)} here`);
}
