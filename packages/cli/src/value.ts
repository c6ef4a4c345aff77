// The bytes that a state holds, as people and programs read them: text where they are UTF-8, else base64.

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type ShownValue = { readonly text: string } | { readonly base64: string };

export function showValue(bytes: Uint8Array): ShownValue {
  try {
    return { text: STRICT.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
  }
}

/** JSON of anything in a state: bytes by `showValue`, doubles that JSON has no number for as text. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return showValue(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, toJson(part)] as const);
  return Object.fromEntries(entries);
}
