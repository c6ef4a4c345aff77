import type { Group } from './group.js';
/** In the order in which they run. */
export declare const GROUPS: readonly Group[];
//# sourceMappingURL=all.d.ts.map
