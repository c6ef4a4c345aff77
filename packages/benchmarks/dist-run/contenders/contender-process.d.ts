export type Operation = 'save' | 'load';
export interface Batch {
  readonly operation: Operation;
  readonly calls: number;
  readonly concurrency: number;
}
/** Microseconds per call, of the wall's clock; or why there are none. */
export type Answer =
  | {
      readonly time: number;
    }
  | {
      readonly error: string;
    };
//# sourceMappingURL=contender-process.d.ts.map
