// A run beside the one that is committed: as text, for the terminal.
import { isWithin } from '../spread.js';
/** Figures of a run, and how many of them lie within the spread that is committed. */
export function reproduced(now, committed) {
  const pairs = now.tables.flatMap((table) =>
    table.figures.flatMap((figure) => {
      const then = committedFigure(committed, table, figure.name);
      return then === undefined ? [] : [isWithin(own(figure).median, own(then))];
    }),
  );
  return { of: pairs.length, within: pairs.filter(Boolean).length };
}
export function compare(now, committed) {
  return now.tables
    .map((table) => {
      const rows = table.figures.map((figure) => row(figure, committedFigure(committed, table, figure.name)));
      const missing = (table.missing ?? []).map(({ name, why }) => `  ${name}: missing, ${why}`);
      return [`${table.title}, ${table.unit}`, ...rows, ...missing].join('\n');
    })
    .join('\n\n');
}
function row(figure, then) {
  const { name, time, ratio } = figure;
  const columns = [name.padEnd(44), text(time.median).padStart(10)];
  if (ratio !== undefined) columns.push(`${text(ratio.median)}x (${text(ratio.low)}-${text(ratio.high)})`.padStart(24));
  if (then !== undefined) {
    const { median, low, high } = own(then);
    const verdict = isWithin(own(figure).median, own(then)) ? 'within' : 'outside';
    columns.push(`  committed ${text(median)}, ${verdict} ${text(low)}-${text(high)}`);
  }
  return `  ${columns.join('')}`;
}
function committedFigure(committed, { id }, name) {
  return committed?.tables.find((table) => table.id === id)?.figures.find((figure) => figure.name === name);
}
/** A ratio travels between runs, a time does not. */
function own({ ratio, time }) {
  return ratio ?? time;
}
function text(number) {
  return number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2);
}
//# sourceMappingURL=compare.js.map
