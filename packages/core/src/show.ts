// A value as error messages show it: short, one line, with its type where the text alone would mislead.

const LONGEST = 60;

export function show(value: unknown): string {
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  if (typeof value === 'bigint') return shorten(`${value}n`);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  const name = shorten(String(Object.getPrototypeOf(value)?.constructor?.name));
  if (value instanceof Date) return `${name} ${value.toJSON()}`;
  return 'length' in value ? `${name} of ${String(value.length)}` : name;
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
}
