// What an entry occupies, for `maxSize`: its bytes and texts, and an allowance for the objects around them. An estimate,
// on the high side for small states, so that `maxSize` bounds memory rather than payload.

const OBJECT = 64;
const ARRAY = 128;
const VALUE = 16;

export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return VALUE + 2 * value.length;
  if (value instanceof Uint8Array) return ARRAY + value.length;
  if (typeof value !== 'object' || value === null) return VALUE;
  let size = OBJECT;
  for (const [key, item] of Object.entries(value)) size += 2 * key.length + sizeOf(item);
  return size;
}
