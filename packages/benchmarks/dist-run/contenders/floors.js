// The least that can keep a promise: the system calls of an atomic replace, synchronous, in one directory that stays open.
// No compare-and-set, no index, no check of what is stored.
import fs from 'node:fs';
import { join } from 'node:path';
import { at } from '../at.js';
import { envelopeCodec } from './codec.js';
function floor(name, durable) {
  return {
    name,
    promises: durable ? 'power-loss' : 'process',
    because: durable ? 'file and directory are flushed' : 'the rename is atomic; nothing is flushed',
    packages: [],
    role: 'floor',
    async open(directory, states) {
      const { encode, decode } = await envelopeCodec();
      const handle = fs.openSync(directory, 'r');
      let candidates = 0;
      const pathOf = (index) => join(directory, at(states, index).instanceId);
      return {
        save(index) {
          const envelope = encode(at(states, index));
          const candidate = `${pathOf(index)}.${candidates++}`;
          const file = fs.openSync(candidate, 'wx');
          fs.writeSync(file, envelope);
          if (durable) fs.fsyncSync(file);
          fs.closeSync(file);
          fs.renameSync(candidate, pathOf(index));
          if (durable) fs.fsyncSync(handle);
        },
        load: (index) => decode(at(states, index), new Uint8Array(fs.readFileSync(pathOf(index)))),
        close: () => fs.closeSync(handle),
      };
    },
  };
}
export const DURABLE_FLOOR = floor('floor: write, fsync, rename, fsync(dir)', true);
export const PROCESS_FLOOR = floor('floor: write, rename', false);
//# sourceMappingURL=floors.js.map
