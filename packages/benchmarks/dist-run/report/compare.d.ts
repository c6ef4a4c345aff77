import type { GroupResult } from '../results.js';
export declare function compare(now: GroupResult, committed: GroupResult | undefined): string;
//# sourceMappingURL=compare.d.ts.map
