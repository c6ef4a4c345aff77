// A shared machine has no single figure: each is the median of its rounds, with the quartiles as its spread.
/** Four significant digits: more would be noise, and noise in a diff. */
export function spreadOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}
export function isWithin(value, { low, high }) {
  return low <= value && value <= high;
}
function quantile(sorted, q) {
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError('no rounds to take a quantile of');
  return Number((below + (above - below) * (position - Math.floor(position))).toPrecision(4));
}
//# sourceMappingURL=spread.js.map
