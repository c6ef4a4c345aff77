import { CACHE } from './cache.js';
import { CODEC } from './codec.js';
import { FILES_DISK, FILES_MEMORY } from './files.js';
import { GROWTH } from './growth.js';
import { IN_PROCESS } from './in-process.js';
import { S3 } from './s3.js';
import { START } from './start.js';
import { SYSCALLS } from './syscalls.js';
/** In the order in which they run. */
export const GROUPS = [SYSCALLS, FILES_MEMORY, FILES_DISK, GROWTH, IN_PROCESS, CODEC, CACHE, START, S3];
//# sourceMappingURL=all.js.map
