// A shared machine has no single figure: each is the median of its rounds, with the quartiles as its spread.

export interface Spread {
  readonly median: number;
  /** First quartile. */
  readonly low: number;
  /** Third quartile. */
  readonly high: number;
  /** Tenth percentile: what others do on the machine only ever adds. Of a ratio, that of the two tenth percentiles. */
  readonly best: number;
}

/** Four significant digits: more would be noise, and noise in a diff. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
    best: quantile(sorted, 0.1),
  };
}

export function isWithin(value: number, { low, high }: Spread): boolean {
  return low <= value && value <= high;
}

/** Whether two runs agree: the quartiles of one reach into those of the other. */
export function agree(a: Spread, b: Spread): boolean {
  return a.low <= b.high && b.low <= a.high;
}

/** In pairs: of what was measured in the same round. */
export function ratioOf(values: readonly number[], floor: readonly number[]): Spread {
  if (values.length !== floor.length) throw new RangeError(`${values.length} rounds against ${floor.length}`);
  const pairs = values.map((value, round) => value / (floor[round] ?? Number.NaN));
  const best = spreadOf(values).best / spreadOf(floor).best;
  return { ...spreadOf(pairs), best: Number(best.toPrecision(4)) };
}

function quantile(sorted: readonly number[], q: number): number {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('no rounds to take a quantile of');
  return Number((below + (above - below) * (position - Math.floor(position))).toPrecision(4));
}
