/** `true` where that was to do. What is optional and cannot be built is left out, and found missing when it is opened. */
export declare function installContenders(): boolean;
/** The namespace of a contender's module, as far as it is used. */
export declare function contender<Module>(specifier: string): Promise<Module>;
/** `undefined` when it is not installed. */
export declare function versionOf(name: string): string | undefined;
/** A Node.js with `node:sqlite` that needs no flag: this one, or that of the contenders. */
export declare function newerNode():
  | {
      readonly path: string;
      readonly version: string;
    }
  | undefined;
//# sourceMappingURL=installed.d.ts.map
