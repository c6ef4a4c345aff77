// Bytes and dates of another realm (a vm context, as some test runners make them) are what they are here: told by what
// they hold, not by who made them.

export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array';
}

/** A date of this realm, which is invalid where `value` is no date. */
export function dateOf(value: unknown): Date {
  return new Date(tagOf(value) === 'Date' ? (value as Date) : Number.NaN);
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
