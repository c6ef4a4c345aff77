import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { at } from '../at.js';
import { envelopeCodec } from './codec.js';
import { contender } from './installed.js';
function atomicFile(name, module, write) {
  return {
    name,
    promises: 'atomic',
    because: 'flushes the file before it renames it, and never the directory',
    packages: [module],
    role: 'peer',
    async open(directory, states) {
      const { encode, decode } = await envelopeCodec();
      const replace = await write();
      const pathOf = (index) => join(directory, at(states, index).instanceId);
      return {
        save: (index) => replace(pathOf(index), encode(at(states, index))),
        load: async (index) => decode(at(states, index), new Uint8Array(await readFile(pathOf(index)))),
      };
    },
  };
}
export const WRITE_FILE_ATOMIC = atomicFile(
  'write-file-atomic',
  'write-file-atomic',
  async () => (await contender('write-file-atomic')).default,
);
export const ATOMICALLY = atomicFile('atomically', 'atomically', async () => (await contender('atomically')).writeFile);
//# sourceMappingURL=atomic-files.js.map
