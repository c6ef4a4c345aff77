// Bytes as lowercase hex: instance ids and nonces are text outside the envelope and bytes inside.

import { show } from '../show.js';

const HEX = /^(?:[0-9a-f]{2})*$/;
const DIGIT_UNITS: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** Two lowercase hex digits per byte of `bytes[offset, offset + length)`. */
export function bytesToHex(bytes: Uint8Array, offset = 0, length: number = bytes.length - offset): string {
  let text = '';
  // Four bytes at a time, and the last ones with what follows them: one string for eight digits costs less than eight.
  for (let at = offset; at < offset + length; at += 4) text += fourToHex(bytes, at);
  return text.slice(0, 2 * length);
}

function fourToHex(bytes: Uint8Array, at: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return String.fromCharCode(
    unitOf(a >> 4),
    unitOf(a & 15),
    unitOf(b >> 4),
    unitOf(b & 15),
    unitOf(c >> 4),
    unitOf(c & 15),
    unitOf(d >> 4),
    unitOf(d & 15),
  );
}

function unitOf(digit: number): number {
  return DIGIT_UNITS[digit] ?? 0;
}

/**
 * The bytes that pairs of lowercase hex digits stand for, in a fresh array.
 * @throws `RangeError` for anything else.
 */
export function hexToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  writeHex(text, bytes, 0);
  return bytes;
}

/** `hexToBytes` into an array that is already there. */
export function writeHex(text: string, into: Uint8Array, offset: number): void {
  if (!HEX.test(text)) throw new RangeError(`${show(text)} is not pairs of lowercase hex digits`);
  for (let i = 0; i < text.length; i += 2) {
    into[offset + (i >> 1)] = (digit(text.charCodeAt(i)) << 4) | digit(text.charCodeAt(i + 1));
  }
}

/** '0' to '9' are 0x30 to 0x39, 'a' to 'f' are 0x61 to 0x66. */
function digit(unit: number): number {
  return (unit & 15) + 9 * (unit >> 6);
}
