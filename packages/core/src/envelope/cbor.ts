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

export type CborValue = number | string | Uint8Array | readonly CborValue[] | CborMap;

/** A plain object: its own enumerable properties. */
export interface CborMap {
  readonly [key: string]: CborValue;
}

/** The value cannot be written, or the bytes are not what `encodeCbor` writes. */
export class CborError extends Error {
  override readonly name = 'CborError';
  /** Where the offending item begins in the bytes, those before `start` or `reserve` counted. */
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
 * The encoding of `value`, in a fresh array, behind `reserve` bytes that are left for the caller.
 * @throws `CborError` for what has no encoding: unpaired surrogates, types not in `CborValue`, too many levels.
 */
export function encodeCbor(value: CborValue, reserve = 0): Uint8Array {
  // Taken, not shared: a getter that encodes something itself gets another one.
  const writer = new Writer(spare ?? new Uint8Array(FIRST_SPARE), reserve);
  spare = undefined;
  writer.value(value, 0);
  const encoded = writer.bytes.slice(0, writer.at);
  if (writer.bytes.length <= LARGEST_SPARE) spare = writer.bytes;
  return encoded;
}

/**
 * The value that `bytes` hold from `start` to their end. Byte strings are plain `Uint8Array`s on one buffer that
 * belongs to this value alone. Maps are plain objects of which every key is an own property.
 * @throws `CborError`
 */
export function decodeCbor(bytes: Uint8Array, start = 0): CborValue {
  const reader = new Reader(bytes, start);
  const value = reader.value(0);
  const left = bytes.length - reader.at;
  if (left > 0) throw new CborError(reader.at, `${left} bytes follow the value`);
  return value;
}

class Writer {
  bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
    this.room(0);
  }

  value(value: CborValue, depth: number): void {
    if (typeof value === 'string') this.text(value);
    else if (typeof value === 'number') this.number(value);
    else if (isBytes(value)) this.byteString(value);
    else if (Array.isArray(value)) this.array(value, depth + 1);
    else if (typeof value === 'object' && value !== null) this.map(value as CborMap, depth + 1);
    else throw new CborError(this.at, `${value === null ? 'null' : typeof value} has no encoding`);
  }

  private map(map: CborMap, depth: number): void {
    this.checkDepth(depth);
    const keys = Object.keys(map);
    this.head(MAP, keys.length);
    for (const key of keys) {
      this.text(key);
      this.value(map[key] as CborValue, depth);
    }
  }

  private array(items: readonly CborValue[], depth: number): void {
    this.checkDepth(depth);
    this.head(ARRAY, items.length);
    for (const item of items) this.value(item, depth);
  }

  private byteString(bytes: Uint8Array): void {
    this.room(HEAD + bytes.length);
    this.head(BYTES, bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  private text(text: string): void {
    const length = text.length;
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.room(HEAD + 3 * length);
    if (length <= SHORT_TEXT && this.ascii(text)) return;
    if (!text.isWellFormed()) throw new CborError(this.at, 'text with an unpaired surrogate has no encoding');
    // The head's size depends on a length known only afterwards: guessed, and put right where the guess was wrong.
    const start = this.at + headBytes(length);
    const { written } = textEncoder.encodeInto(text, this.bytes.subarray(start));
    const shift = headBytes(written) - headBytes(length);
    if (shift > 0) this.bytes.copyWithin(start + shift, start, start + written);
    this.head(TEXT, written);
    this.at += written;
  }

  /** Writes a short text if it is ASCII; else leaves `at` where it was. */
  private ascii(text: string): boolean {
    const { bytes } = this;
    const length = text.length;
    let at = this.at;
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
    this.at = at;
    return true;
  }

  private number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.head(UINT, value);
      else this.head(NEGATIVE, -1 - value);
      return;
    }
    this.room(HEAD);
    // The bits of a NaN are the engine's choice; ours are fixed.
    float.setFloat64(0, value);
    if (Number.isNaN(value)) {
      float.setUint32(0, NAN_HIGH);
      float.setUint32(4, 0);
    }
    this.bytes[this.at] = FLOAT64;
    this.bytes.set(floatBytes, this.at + 1);
    this.at += HEAD;
  }

  private head(type: number, argument: number): void {
    this.room(HEAD);
    const { bytes } = this;
    if (argument < 24) {
      bytes[this.at++] = type | argument;
      return;
    }
    let size = headBytes(argument) - 1;
    bytes[this.at++] = type | (size === 1 ? 24 : size === 2 ? 25 : size === 4 ? 26 : 27);
    if (size === 8) {
      const high = Math.floor(argument / TWO_32);
      for (let shift = 24; shift >= 0; shift -= 8) bytes[this.at++] = high >>> shift;
      size = 4;
    }
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes[this.at++] = argument >>> shift;
  }

  private checkDepth(depth: number): void {
    if (depth > MAX_DEPTH) throw new CborError(this.at, `more than ${MAX_DEPTH} maps and arrays in one another`);
  }

  private room(extra: number): void {
    const { bytes, at } = this;
    if (bytes.length - at >= extra) return;
    this.bytes = new Uint8Array(Math.max(2 * bytes.length, at + extra));
    this.bytes.set(bytes);
  }
}

class Reader {
  at: number;
  private readonly bytes: Uint8Array;
  private owned: ArrayBuffer | undefined;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  value(depth: number): CborValue {
    const at = this.at;
    const initial = this.bytes[at];
    if (initial === undefined) throw new CborError(at, 'the input ends where a value should begin');
    switch (initial & 0xe0) {
      case UINT:
        return this.argument();
      case NEGATIVE:
        return this.negative();
      case BYTES:
        return this.byteString();
      case TEXT:
        return this.text();
      case ARRAY:
        return this.array(depth + 1);
      case MAP:
        return this.map(depth + 1);
      default:
        return this.float();
    }
  }

  private map(depth: number): CborMap {
    const start = this.at;
    const size = this.count('map', 2, depth);
    const map: Record<string, CborValue> = {};
    for (let i = 0; i < size; i++) {
      const at = this.at;
      const initial = this.bytes[at] ?? TEXT;
      if ((initial & 0xe0) !== TEXT) throw new CborError(at, `a key of the map at byte ${start} is not text`);
      const key = this.text();
      // One look for both rare cases: a key seen before, and one that every object inherits. The latter cannot be
      // assigned: `__proto__` would set the prototype, and the others fail where Object.prototype is frozen.
      if (map[key] === undefined) {
        map[key] = this.value(depth);
        continue;
      }
      if (Object.hasOwn(map, key)) throw new CborError(at, `key ${JSON.stringify(key)} is in the map at byte ${start} twice`);
      const value = this.value(depth);
      Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return map;
  }

  private array(depth: number): CborValue[] {
    const size = this.count('array', 1, depth);
    const items: CborValue[] = [];
    for (let i = 0; i < size; i++) items.push(this.value(depth));
    return items;
  }

  /** How many items a container holds: no more than there are bytes for, so that a lie costs nothing. */
  private count(container: 'array' | 'map', bytesEach: number, depth: number): number {
    const at = this.at;
    if (depth > MAX_DEPTH) throw new CborError(at, `more than ${MAX_DEPTH} maps and arrays in one another`);
    const count = this.argument();
    const left = this.bytes.length - this.at;
    if (count * bytesEach > left) {
      throw new CborError(at, `${container} of ${count} in the last ${left} bytes of the input`);
    }
    return count;
  }

  private byteString(): Uint8Array {
    const length = this.length('byte string');
    // One copy for all byte strings of a value: an allocation for each costs several times the copy.
    this.owned ??= new Uint8Array(this.bytes).buffer;
    const bytes = new Uint8Array(this.owned, this.at, length);
    this.at += length;
    return bytes;
  }

  private text(): string {
    const at = this.at;
    const length = this.length('text');
    const start = this.at;
    this.at += length;
    if (length <= SHORT_TEXT) {
      const short = this.ascii(start, length);
      if (short !== undefined) return short;
    }
    try {
      return textDecoder.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw new CborError(at, `text of ${length} bytes is not well-formed UTF-8`);
    }
  }

  private ascii(start: number, length: number): string | undefined {
    const { bytes } = this;
    let text = '';
    for (let at = start; at < start + length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte > 127) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  private length(what: 'byte string' | 'text'): number {
    const at = this.at;
    const length = this.argument();
    const left = this.bytes.length - this.at;
    if (length > left) throw new CborError(at, `${what} of ${length} bytes in the last ${left} of the input`);
    return length;
  }

  private negative(): number {
    const at = this.at;
    const value = -1 - this.argument();
    if (value < Number.MIN_SAFE_INTEGER) throw new CborError(at, 'integer beyond ±(2^53-1)');
    return value;
  }

  private float(): number {
    const at = this.at;
    const initial = this.bytes[at] ?? 0;
    if (initial !== FLOAT64) throw new CborError(at, refused(initial));
    const bits = this.take(8);
    for (let i = 0; i < 8; i++) float.setUint8(i, this.bytes[bits + i] ?? 0);
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
  private argument(): number {
    const at = this.at;
    const info = (this.bytes[at] ?? 0) & 31;
    if (info < 24) {
      this.at = at + 1;
      return info;
    }
    if (info === 31) throw new CborError(at, 'indefinite length');
    if (info > 27) throw new CborError(at, `initial byte with the reserved length ${info}`);
    const size = 1 << (info - 24);
    const start = this.take(size);
    let argument = 0;
    for (let i = start; i < start + size; i++) argument = argument * 256 + (this.bytes[i] ?? 0);
    // Rounding above 2^53 never comes down to it, so this also finds what is not exact.
    if (argument > Number.MAX_SAFE_INTEGER) throw new CborError(at, 'integer or length beyond 2^53-1');
    if (headBytes(argument) !== 1 + size) throw new CborError(at, `${argument} in ${size} bytes, more than needed`);
    return argument;
  }

  /** Steps over an initial byte and `size` bytes after it, and returns where these begin. */
  private take(size: number): number {
    const start = this.at + 1;
    if (start + size > this.bytes.length) {
      throw new CborError(this.at, `the input ends ${start + size - this.bytes.length} bytes before the end of this item`);
    }
    this.at = start + size;
    return start;
  }
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
  if (initial === 0xf9 || initial === 0xfa) return 'float of less than 64 bits';
  return initial === 0xff ? 'break outside an indefinite length' : 'simple value';
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
