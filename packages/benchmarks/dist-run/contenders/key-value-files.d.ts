import type { Contender } from './contender.js';
export declare const UNSTORAGE: Contender;
export declare const KEYV_FILE: Contender;
//# sourceMappingURL=key-value-files.d.ts.map
