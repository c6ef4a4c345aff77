import type { Contender } from './contender.js';
/** All that keep states on a filesystem. */
export declare const CONTENDERS: readonly Contender[];
//# sourceMappingURL=all.d.ts.map
