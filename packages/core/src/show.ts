// A value as error messages show it: short, one line, with its type where the text alone would mislead.

const LONGEST = 60;

export function show(value: unknown): string {
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  if (value instanceof Uint8Array) return `${value.constructor.name} of ${value.length} bytes`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : `Date ${value.toISOString()}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) {
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
    return typeof name === 'string' && name !== '' && name !== 'Object'
      ? `an instance of ${shorten(name)}`
      : 'an object';
  }
  if (Object.is(value, -0)) return '-0';
  return shorten(typeof value === 'bigint' ? `${value}n` : String(value));
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
}
