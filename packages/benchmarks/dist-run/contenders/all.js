import { ATOMICALLY, WRITE_FILE_ATOMIC } from './atomic-files.js';
import { EMBEDDED } from './embedded.js';
import { LANGGRAPH, WORLD_LOCAL } from './engines.js';
import { DURABLE_FLOOR, PROCESS_FLOOR } from './floors.js';
import { KEYV_FILE, UNSTORAGE } from './key-value-files.js';
import { OURS } from './ours.js';
import { SQLITE } from './sqlite.js';
/** All that keep states on a filesystem. */
export const CONTENDERS = [
  DURABLE_FLOOR,
  PROCESS_FLOOR,
  ...OURS,
  ...SQLITE,
  ...EMBEDDED,
  WRITE_FILE_ATOMIC,
  ATOMICALLY,
  LANGGRAPH,
  WORLD_LOCAL,
  UNSTORAGE,
  KEYV_FILE,
];
//# sourceMappingURL=all.js.map
