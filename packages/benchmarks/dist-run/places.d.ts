import type { Places } from './groups/group.js';
/**
 * Runs this command again inside the namespace, where that is possible.
 * @returns its exit code; `undefined` when this process is to do the work itself.
 */
export declare function runInMemoryNamespace(): number | undefined;
export declare function findPlaces(chosen: string | undefined): Places;
//# sourceMappingURL=places.d.ts.map
