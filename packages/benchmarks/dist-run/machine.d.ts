export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}
export declare function thisMachine(): Machine;
export declare function filesystemOf(directory: string): string;
export declare function isTmpfs(directory: string): boolean;
/** `-dirty` behind it where the tree has changes; `unknown` outside a repository. */
export declare function commitOf(directory: string): string;
/** Of the last minute, where the system tells; a run on a busy machine should say so. */
export declare function load(): string;
//# sourceMappingURL=machine.d.ts.map
