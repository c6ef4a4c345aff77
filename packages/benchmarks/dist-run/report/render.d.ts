export declare function render(): Promise<string[]>;
//# sourceMappingURL=render.d.ts.map
