// A run beside the one that is committed: as text, for the terminal.

import type { Figure, GroupResult, Table } from '../results.js';
import { agree, type Spread } from '../spread.js';

/** Figures of a run, and how many of them agree with the ones that are committed, each within its spread. */
export function reproduced(now: GroupResult, committed: GroupResult | undefined): { of: number; agreeing: number } {
  const pairs = now.tables.flatMap((table) =>
    table.figures.flatMap((figure) => {
      const then = committedFigure(committed, table, figure.name);
      return then === undefined || isSingle(table, figure) ? [] : [agree(own(figure), own(then))];
    }),
  );
  return { of: pairs.length, agreeing: pairs.filter(Boolean).length };
}

export function compare(now: GroupResult, committed: GroupResult | undefined): string {
  return now.tables
    .map((table) => {
      const rows = table.figures.map((figure) => row(table, figure, committedFigure(committed, table, figure.name)));
      const missing = (table.missing ?? []).map(({ name, why }) => `  ${name}: missing, ${why}`);
      return [`${table.title}, ${table.unit}`, ...rows, ...missing].join('\n');
    })
    .join('\n\n');
}

function row(table: Table, figure: Figure, then: Figure | undefined): string {
  const { name, time, ratio } = figure;
  const columns = [name.padEnd(44), text(time.median).padStart(10)];
  if (ratio !== undefined) columns.push(`${text(ratio.median)}x (${text(ratio.low)}-${text(ratio.high)})`.padStart(24));
  if (then !== undefined) {
    const { median, low, high } = own(then);
    const verdict = agree(own(figure), own(then)) ? ', agrees' : ', differs';
    columns.push(`  committed ${text(median)} (${text(low)}-${text(high)})${isSingle(table, figure) ? '' : verdict}`);
  }
  return `  ${columns.join('')}`;
}

function committedFigure(committed: GroupResult | undefined, { id }: Table, name: string): Figure | undefined {
  return committed?.tables.find((table) => table.id === id)?.figures.find((figure) => figure.name === name);
}

/** Measured once, so without a spread that another run could be within. What is counted needs none. */
function isSingle({ unit }: Table, { time, ratio }: Figure): boolean {
  return ratio === undefined && time.low === time.high && /^(?:µs|ms|MiB)\b/.test(unit);
}

/** A ratio travels between runs, a time does not. */
function own({ ratio, time }: Figure): Spread {
  return ratio ?? time;
}

function text(number: number): string {
  return number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2);
}
