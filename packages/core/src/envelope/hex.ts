// Bytes as lowercase hex: instance ids and nonces are text outside the envelope and bytes inside, always in whole
// groups of eight bytes, which a BigInt moves at once.

import { show } from '../show.js';

const SIXTEEN_DIGITS = /^[0-9a-f]{16}$/;

/** The 16 digits of the eight bytes at `offset`. */
export function hexAt(view: DataView, offset: number): string {
  return view.getBigUint64(offset).toString(16).padStart(16, '0');
}

/**
 * Puts what 16 digits stand for at `offset`.
 * @throws `RangeError` for anything but 16 lowercase hex digits.
 */
export function setHex(view: DataView, offset: number, digits: string): void {
  if (!SIXTEEN_DIGITS.test(digits)) throw new RangeError(`${show(digits)} is not 16 lowercase hex digits`);
  view.setBigUint64(offset, BigInt(`0x${digits}`));
}

/** Two digits per byte, of which there are a multiple of eight. */
export function bytesToHex(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let text = '';
  for (let at = 0; at < bytes.length; at += 8) text += hexAt(view, at);
  return text;
}

/** The bytes of an id, in a fresh array. */
export function hexToBytes(text: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(text.length / 2));
  for (let at = 0; at < view.byteLength; at += 8) setHex(view, at, text.slice(2 * at, 2 * at + 16));
  return new Uint8Array(view.buffer);
}
