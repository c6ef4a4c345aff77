// Key-value stores with a file per key, written in place.

import { at } from '../at.js';
import { envelopeCodec } from './codec.js';
import type { Contender } from './contender.js';
import { contender } from './installed.js';
import { fromJson, toJson } from './json.js';

const because = 'writes the file in place and flushes nothing';

interface Unstorage {
  readonly createStorage: (options: { driver: unknown }) => {
    setItemRaw(key: string, value: Uint8Array): Promise<void>;
    getItemRaw(key: string): Promise<Uint8Array>;
  };
}

export const UNSTORAGE: Contender = {
  name: 'unstorage, fs driver',
  promises: 'none',
  because,
  packages: ['unstorage'],
  role: 'peer',
  async open(directory, states) {
    const { encode, decode } = await envelopeCodec();
    const { createStorage } = await contender<Unstorage>('unstorage');
    const driver = await contender<{ default(options: { base: string }): unknown }>('unstorage/drivers/fs');
    const storage = createStorage({ driver: driver.default({ base: directory }) });
    return {
      save: (index) => storage.setItemRaw(at(states, index).instanceId, encode(at(states, index))),
      load: async (index) =>
        decode(at(states, index), new Uint8Array(await storage.getItemRaw(at(states, index).instanceId))),
    };
  },
};

interface Keyv {
  set(key: string, value: string): Promise<boolean>;
  get(key: string): Promise<string>;
}

export const KEYV_FILE: Contender = {
  name: 'keyv, keyv-file',
  promises: 'none',
  because,
  packages: ['keyv', 'keyv-file'],
  role: 'peer',
  async open(directory, states) {
    const { Keyv } = await contender<{ Keyv: new (options: { store: unknown }) => Keyv }>('keyv');
    const { KeyvFile } = await contender<{
      KeyvFile: new (options: { filename: string; separatedFile: boolean }) => unknown;
    }>('keyv-file');
    const keyv = new Keyv({ store: new KeyvFile({ filename: directory, separatedFile: true }) });
    return {
      save: (index) => keyv.set(at(states, index).instanceId, toJson(at(states, index))),
      load: async (index) => fromJson(await keyv.get(at(states, index).instanceId)),
    };
  },
};
