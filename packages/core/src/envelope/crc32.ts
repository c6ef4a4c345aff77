// CRC-32 as in zlib, PNG and Ethernet (reflected, polynomial 0x04C11DB7). The runtime's own is about thirteen times
// faster than a table, so it is used where there is one; core must load where there is no `process` at all.

type Crc32 = (bytes: Uint8Array, seed?: number) => number;

let chosen: Crc32 | undefined;

/** The checksum, unsigned. `seed` is the checksum of the bytes before these, so that it can be taken in pieces. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  chosen ??= native() ?? withTable();
  return chosen(bytes, seed);
}

// Node's types are not assumed: this file is also checked against those of web workers.
interface MaybeNode {
  readonly process?: {
    readonly getBuiltinModule?: (id: string) => { readonly crc32?: Crc32 } | undefined;
  };
}

function native(): Crc32 | undefined {
  return (globalThis as unknown as MaybeNode).process?.getBuiltinModule?.('node:zlib')?.crc32;
}

function withTable(): Crc32 {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    table[byte] = remainder;
  }
  return (bytes, seed = 0) => {
    let crc = ~seed;
    for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0);
    return ~crc >>> 0;
  };
}
