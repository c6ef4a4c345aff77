/** Bytes as base64, dates as text: what a store of JSON needs. */
export function toJson(state) {
  return JSON.stringify(state, (_, value) =>
    value instanceof Uint8Array
      ? { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
      : value,
  );
}
export function fromJson(text) {
  return JSON.parse(text, (key, value) => {
    if (typeof value === 'object' && value !== null && '$bytes' in value)
      return new Uint8Array(Buffer.from(String(value.$bytes), 'base64'));
    return (key === 'createdAt' || key === 'updatedAt') && typeof value === 'string' ? new Date(value) : value;
  });
}
//# sourceMappingURL=json.js.map
