export interface Spread {
  readonly median: number;
  /** First quartile. */
  readonly low: number;
  /** Third quartile. */
  readonly high: number;
}
/** Four significant digits: more would be noise, and noise in a diff. */
export declare function spreadOf(values: readonly number[]): Spread;
/** In pairs: of what was measured in the same round. */
export declare function ratiosOf(values: readonly number[], floor: readonly number[]): Spread;
export declare function isWithin(value: number, { low, high }: Spread): boolean;
//# sourceMappingURL=spread.d.ts.map
