// One system call, on the disk in memory.

import type { Call } from '../../src/file-ops.js';
import { type Answer, Disk } from './disk.js';

const DONE: Answer = { value: undefined };

/** `fresh`: stands for a number drawn at random. */
export function perform(disk: Disk, call: Call, fresh: number): Answer {
  switch (call[0]) {
    case 'create':
      return disk.create(call[1]);
    case 'open':
      return disk.open(call[1]);
    case 'size':
      return Disk.size(call[1]);
    case 'read':
      return Disk.read(call[1], call[2].length, call[3]);
    case 'write':
      return disk.write(call[1], call[2], call[3]);
    case 'fsync':
      return disk.fsync(call[1]);
    case 'link':
      return disk.link(call[1], call[2]);
    case 'rename':
      return disk.rename(call[1], call[2]);
    case 'unlink':
      return disk.unlink(call[1]);
    case 'mkdir':
      return disk.mkdir(call[1]);
    case 'rmdir':
      return disk.rmdir(call[1]);
    case 'exists':
      return { value: disk.lookup(call[1]) !== undefined };
    case 'readdir': {
      const names = disk.names(call[1]);
      return names === undefined ? { code: 'ENOENT' } : { value: names.sort() };
    }
    // Small enough to be read at once.
    case 'bytes':
      return { value: 0 };
    case 'times': {
      const modified = disk.modified(call[1]);
      return 'code' in modified ? modified : { value: { modified: modified.value, changed: 0 } };
    }
    case 'setModified':
      return disk.setModified(call[1], fresh);
    case 'syncDirectory':
      return disk.syncDirectory(call[1]);
    case 'close':
    case 'pause':
    case 'ensureDirectory':
      return DONE;
    case 'filesystemType':
      return { value: 0xef53 };
    case 'opendir':
    case 'readNames':
    case 'closedir':
      throw new Error(`${call[0]}: nothing here is too large to be read at once`);
    default:
      throw new Error(`no such call: ${String(call[0])}`);
  }
}
