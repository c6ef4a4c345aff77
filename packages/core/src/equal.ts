// Deep equality of plain data: numbers by SameValueZero, bytes bytewise, the rest by structure.

export function equal(a: unknown, b: unknown): boolean {
  if (a === b || (a !== a && b !== b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array || Array.isArray(a)) {
    if (a.constructor !== b.constructor || a.length !== (b as typeof a).length) return false;
    return a.every((item: unknown, index: number) => equal(item, (b as typeof a)[index]));
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) => Object.hasOwn(b, key) && equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}
