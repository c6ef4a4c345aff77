// The runtime's coder of UTF-8, made once. Strict, and a leading byte order mark is part of the text.

export const TEXT_ENCODER: InstanceType<typeof TextEncoder> = new TextEncoder();
export const TEXT_DECODER: InstanceType<typeof TextDecoder> = new TextDecoder('utf-8', {
  fatal: true,
  ignoreBOM: true,
});
