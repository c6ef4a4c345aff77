import type { Group } from './group.js';
export declare const SYSCALLS: Group;
//# sourceMappingURL=syscalls.d.ts.map
