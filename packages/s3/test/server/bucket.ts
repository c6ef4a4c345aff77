// What a bucket holds. Keys are kept in the order of their UTF-8 bytes, in which S3 lists them.

export interface StoredObject {
  readonly body: Buffer;
  /** Without quotes: the MD5 of the body in hex. */
  readonly etag: string;
  readonly lastModified: number;
  /** Headers to repeat in answers: content-type, x-amz-meta-*, x-amz-checksum-*. */
  readonly headers: Readonly<Record<string, string>>;
}

export class Bucket {
  readonly name: string;
  #objects = new Map<string, StoredObject>();
  #keys: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  put(key: string, object: StoredObject): void {
    if (!this.#objects.has(key)) this.#keys.splice(this.#position(key), 0, key);
    this.#objects.set(key, object);
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#keys.splice(this.#position(key), 1);
  }

  clear(): void {
    this.#objects.clear();
    this.#keys = [];
  }

  /** All of them, or those that begin with the prefix. */
  keys(prefix = ''): string[] {
    return this.#keys.filter((key) => key.startsWith(prefix));
  }

  /** Keys greater than `after` that begin with `prefix`, ascending. */
  *keysAfter(after: string, prefix: string): Generator<string> {
    const from = compareUtf8(after, prefix) < 0 ? prefix : after;
    for (let i = this.#position(from); i < this.#keys.length; i++) {
      const key = this.#keys[i] ?? '';
      if (!key.startsWith(prefix)) return;
      if (key !== after) yield key;
    }
  }

  /** To return to later with `restore`: objects are never changed in place. */
  snapshot(): ReadonlyMap<string, StoredObject> {
    return new Map(this.#objects);
  }

  restore(snapshot: ReadonlyMap<string, StoredObject>): void {
    this.#objects = new Map(snapshot);
    this.#keys = [...snapshot.keys()].sort(compareUtf8);
  }

  /** Of the first key that is not less. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.#keys[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** UTF-16 order differs from UTF-8 order only where a surrogate meets another unit: characters above U+FFFF are last. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xIsSurrogate = (x & 0xf800) === 0xd800;
    const yIsSurrogate = (y & 0xf800) === 0xd800;
    if (xIsSurrogate !== yIsSurrogate) return xIsSurrogate ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
