// Bytes as lowercase hex: instance ids and nonces are text outside the envelope and bytes inside.

const DIGITS = '0123456789abcdef';

/** Two lowercase hex digits per byte of `bytes[offset, offset + length)`. */
export function bytesToHex(bytes: Uint8Array, offset = 0, length: number = bytes.length - offset): string {
  let text = '';
  for (let i = offset; i < offset + length; i++) {
    const byte = bytes[i] ?? 0;
    text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  }
  return text;
}

/**
 * The bytes that pairs of lowercase hex digits stand for, in a fresh array.
 * @throws `RangeError` naming the first character that is none, or for an odd number of them.
 */
export function hexToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  if (text.length % 2 !== 0) throw new RangeError(`${text.length} hex digits are no whole number of bytes`);
  writeHex(text, bytes, 0);
  return bytes;
}

/** `hexToBytes` into an array that is already there. */
export function writeHex(text: string, into: Uint8Array, offset: number): void {
  for (let i = 0; i < text.length; i += 2) {
    into[offset + (i >> 1)] = (digit(text, i) << 4) | digit(text, i + 1);
  }
}

function digit(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  throw new RangeError(`character ${index} of ${JSON.stringify(text)} is not a lowercase hex digit`);
}
