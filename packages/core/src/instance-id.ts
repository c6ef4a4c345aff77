// The name of a workflow instance: 16 bytes, written as 32 lowercase hex digits, so that it is a safe file name,
// object key and column on every backend, and sorts the same everywhere.

import { invalidArgument } from './arguments.js';
import { bytesToHex, hexToBytes } from './envelope/hex.js';
import { TEXT_ENCODER } from './envelope/utf8.js';
import { checkShape, is, type Shape, text } from './shape.js';
import { isBytes } from './realms.js';

declare const brand: unique symbol;

/** 32 lowercase hex digits. Make one with `InstanceId.generate`, `.parse`, `.fromBytes` or `.fromName`. */
export type InstanceId = string & { readonly [brand]: 'InstanceId' };

export interface InstanceIdFactory {
  /** A random id: 128 bits from `crypto.getRandomValues`. */
  generate(): InstanceId;
  /**
   * Reads 32 hex digits, or a UUID with dashes, in any case.
   * @throws `INVALID_ARGUMENT` for anything else.
   */
  parse(text: string): InstanceId;
  /** @throws `INVALID_ARGUMENT` unless there are exactly 16 bytes. */
  fromBytes(bytes: Uint8Array): InstanceId;
  /** A fresh array of 16 bytes. */
  toBytes(id: InstanceId): Uint8Array;
  /**
   * The same id for the same names, for ever: the first 16 bytes of SHA-256 over the UTF-8 of `namespace`, a zero byte,
   * and `name`. Turns an order number into the id of its workflow, so that starting it twice is a conflict.
   * @throws `INVALID_ARGUMENT` for a namespace with a zero byte, or an unpaired surrogate in either.
   */
  fromName(namespace: string, name: string): Promise<InstanceId>;
}

const isHexId = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
const HEX_OR_UUID = /^[0-9a-f]{8}(-?)(?:[0-9a-f]{4}\1){3}[0-9a-f]{12}$/i;

/** The id as given, for a store. Not parsed: `save` must find what `load` is asked for. */
export const instanceId: Shape<InstanceId> = is(
  '32 lowercase hex digits (see InstanceId.parse and .fromName)',
  isHexId,
);

export const InstanceId: InstanceIdFactory = {
  generate() {
    return bytesToHex(crypto.getRandomValues(new Uint8Array(16))) as InstanceId;
  },

  parse(text) {
    if (typeof text === 'string' && HEX_OR_UUID.test(text)) return text.replaceAll('-', '').toLowerCase() as InstanceId;
    throw invalidArgument('id', '32 hex digits or a UUID', text, 'InstanceId.fromName makes an id of any name');
  },

  fromBytes(bytes) {
    if (isBytes(bytes) && bytes.length === 16) return bytesToHex(bytes) as InstanceId;
    throw invalidArgument('id', '16 bytes', bytes);
  },

  toBytes(id) {
    return hexToBytes(checkShape(instanceId, id, 'id'));
  },

  async fromName(namespace, name) {
    const names = `${checkShape(text, namespace, 'namespace')}\0${checkShape(text, name, 'name')}`;
    if (namespace.includes('\0')) throw invalidArgument('namespace', 'no zero byte: it ends there', namespace);
    const digest = await crypto.subtle.digest('SHA-256', TEXT_ENCODER.encode(names));
    return bytesToHex(new Uint8Array(digest, 0, 16)) as InstanceId;
  },
};
