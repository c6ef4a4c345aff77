// The name of a workflow instance: 16 bytes, written as 32 lowercase hex digits, so that it is a safe file name,
// object key and column on every backend, and sorts the same everywhere.

import { bytesToHex, hexToBytes } from './envelope/hex.js';
import { StateStoreError } from './errors.js';
import { show } from './show.js';

declare const brand: unique symbol;

/** 32 lowercase hex digits. Make one with `InstanceId.generate`, `.parse`, `.fromBytes` or `.fromName`. */
export type InstanceId = string & { readonly [brand]: 'InstanceId' };

const HEX_ID = /^[0-9a-f]{32}$/;
const HEX_OR_UUID = /^(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

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

export const InstanceId: InstanceIdFactory = {
  generate() {
    return bytesToHex(crypto.getRandomValues(new Uint8Array(16))) as InstanceId;
  },

  parse(text) {
    if (typeof text !== 'string' || !HEX_OR_UUID.test(text)) {
      throw invalid(`an instance id is 32 hex digits or a UUID, got ${show(text)}`);
    }
    return text.replaceAll('-', '').toLowerCase() as InstanceId;
  },

  fromBytes(bytes) {
    if (!(bytes instanceof Uint8Array) || bytes.length !== 16) {
      throw invalid(`an instance id has 16 bytes, got ${show(bytes)}`);
    }
    return bytesToHex(bytes) as InstanceId;
  },

  toBytes(id) {
    return hexToBytes(checkInstanceId(id));
  },

  async fromName(namespace, name) {
    for (const text of [namespace, name]) {
      if (typeof text !== 'string' || !text.isWellFormed()) {
        throw invalid(`namespace and name are strings of whole characters, got ${show(text)}`);
      }
    }
    if (namespace.includes('\0')) throw invalid('a namespace holds no zero byte: it ends there');
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${namespace}\0${name}`));
    return bytesToHex(new Uint8Array(digest, 0, 16)) as InstanceId;
  },
};

export function isInstanceId(value: unknown): value is InstanceId {
  return typeof value === 'string' && HEX_ID.test(value);
}

/** The id as given, for the arguments of a store's methods. Not parsed: `save` must find what `load` is asked for. */
export function checkInstanceId(value: unknown): InstanceId {
  if (isInstanceId(value)) return value;
  throw invalid(`an instance id is 32 lowercase hex digits, got ${show(value)}`);
}

function invalid(message: string): StateStoreError {
  return new StateStoreError('INVALID_ARGUMENT', message, {
    recoveryHints: [
      'InstanceId.parse reads hex digits and UUIDs in any case',
      'InstanceId.fromName makes an id of any name',
    ],
  });
}
