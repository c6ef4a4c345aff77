// Key-value stores with a file per key, written in place.
import { at } from '../at.js';
import { envelopeCodec } from './codec.js';
import { contender } from './installed.js';
import { fromJson, toJson } from './json.js';
const because = 'writes the file in place and flushes nothing';
export const UNSTORAGE = {
  name: 'unstorage, fs driver',
  promises: 'none',
  because,
  packages: ['unstorage'],
  role: 'peer',
  async open(directory, states) {
    const { encode, decode } = await envelopeCodec();
    const { createStorage } = await contender('unstorage');
    const driver = await contender('unstorage/drivers/fs');
    const storage = createStorage({ driver: driver.default({ base: directory }) });
    return {
      save: (index) => storage.setItemRaw(at(states, index).instanceId, encode(at(states, index))),
      load: async (index) =>
        decode(at(states, index), new Uint8Array(await storage.getItemRaw(at(states, index).instanceId))),
    };
  },
};
export const KEYV_FILE = {
  name: 'keyv, keyv-file',
  promises: 'none',
  because,
  packages: ['keyv', 'keyv-file'],
  role: 'peer',
  async open(directory, states) {
    const { Keyv } = await contender('keyv');
    const { KeyvFile } = await contender('keyv-file');
    const keyv = new Keyv({ store: new KeyvFile({ filename: directory, separatedFile: true }) });
    return {
      save: (index) => keyv.set(at(states, index).instanceId, toJson(at(states, index))),
      load: async (index) => fromJson(await keyv.get(at(states, index).instanceId)),
    };
  },
};
//# sourceMappingURL=key-value-files.js.map
