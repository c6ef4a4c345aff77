// Bytes and dates of another realm (a vm context, as some test runners make them) are what they are here: told by what
// they hold, not by who made them.

export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]';
}

/** Epoch milliseconds of a date; NaN for anything else. */
export function timeOf(value: unknown): number {
  try {
    return Date.prototype.getTime.call(value);
  } catch {
    return Number.NaN;
  }
}
