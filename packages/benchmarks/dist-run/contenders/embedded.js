// Embedded key-value engines with a log of their own. Neither has an index by status here, nor compare-and-set.
import { join } from 'node:path';
import { at } from '../at.js';
import { envelopeCodec } from './codec.js';
import { contender } from './installed.js';
function lmdb(name, flushed) {
  return {
    name,
    promises: flushed ? 'power-loss' : 'atomic',
    because: flushed ? 'waits for `flushed`' : '`put` resolves at the commit; the flush follows',
    packages: ['lmdb'],
    role: 'peer',
    async open(directory, states) {
      const { encode, decode } = await envelopeCodec();
      const { open } = await contender('lmdb');
      const database = open({ path: join(directory, 'states'), encoding: 'binary' });
      return {
        async save(index) {
          await database.put(at(states, index).instanceId, encode(at(states, index)));
          if (flushed) await database.flushed;
        },
        load: (index) => decode(at(states, index), database.get(at(states, index).instanceId)),
        close: () => database.close(),
      };
    },
  };
}
function level(name, sync) {
  return {
    name,
    promises: sync ? 'power-loss' : 'atomic',
    because: sync ? 'flushes the log at each write' : 'the log is left to the system to flush; a torn tail is dropped',
    packages: ['classic-level'],
    role: 'peer',
    async open(directory, states) {
      const { encode, decode } = await envelopeCodec();
      const { ClassicLevel } = await contender('classic-level');
      const database = new ClassicLevel(join(directory, 'states'), { valueEncoding: 'view' });
      await database.open();
      return {
        save: (index) => database.put(at(states, index).instanceId, encode(at(states, index)), { sync }),
        load: async (index) => decode(at(states, index), await database.get(at(states, index).instanceId)),
        close: () => database.close(),
      };
    },
  };
}
export const EMBEDDED = [
  lmdb('lmdb, flushed', true),
  lmdb('lmdb', false),
  level('classic-level, sync', true),
  level('classic-level', false),
];
//# sourceMappingURL=embedded.js.map
