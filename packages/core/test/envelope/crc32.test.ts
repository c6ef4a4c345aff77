import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';

type Crc32 = (bytes: Uint8Array, seed?: number) => number;

/** The module as it is where `process` is what is given. */
async function crc32Where(process: unknown): Promise<Crc32> {
  vi.resetModules();
  const { crc32 } = await import('../../src/envelope/crc32.js');
  vi.stubGlobal('process', process);
  try {
    // The first call decides which one it will be.
    crc32(new Uint8Array());
  } finally {
    vi.unstubAllGlobals();
  }
  return crc32;
}

const places: [name: string, process: unknown][] = [
  ['with the one of Node.js', process],
  ['without process', undefined],
  ['without built-in modules', {}],
  ['without zlib', { getBuiltinModule: () => undefined }],
  ['without a CRC in zlib', { getBuiltinModule: () => ({}) }],
];

describe.each(places)('crc32 %s', (_, process) => {
  afterEach(() => vi.resetModules());

  it('has the check value of the standard', async () => {
    const crc32 = await crc32Where(process);
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
    expect(crc32(new Uint8Array(4).fill(0xff))).toBe(0xffffffff);
  });

  it('is that of zlib for any bytes', async () => {
    const crc32 = await crc32Where(process);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => crc32(bytes) === zlibCrc32(bytes)));
  });

  it('of two pieces, seeded with the first, is that of the whole', async () => {
    const crc32 = await crc32Where(process);
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        return crc32(b, crc32(a)) === crc32(Uint8Array.of(...a, ...b));
      }),
    );
  });
});

describe('crc32', () => {
  it('is the one of Node.js where there is one', async () => {
    const calls: unknown[] = [];
    const crc32 = await crc32Where({
      getBuiltinModule: (id: string) => ({ crc32: (bytes: Uint8Array) => (calls.push([id, bytes.length]), 7) }),
    });
    expect(crc32(new Uint8Array(3))).toBe(7);
    expect(calls).toStrictEqual([
      ['node:zlib', 0],
      ['node:zlib', 3],
    ]);
  });
});
