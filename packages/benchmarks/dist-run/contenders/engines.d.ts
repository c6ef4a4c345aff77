import type { Contender } from './contender.js';
export declare const LANGGRAPH: Contender;
export declare const WORLD_LOCAL: Contender;
//# sourceMappingURL=engines.d.ts.map
