// A run beside the one that is committed: as text, for the terminal.

import type { Figure, GroupResult, Table } from '../results.js';
import { isWithin } from '../spread.js';

export function compare(now: GroupResult, committed: GroupResult | undefined): string {
  return now.tables
    .map((table) => {
      const before = committed?.tables.find(({ id }) => id === table.id);
      const missing = (table.missing ?? []).map(({ name, why }) => `  ${name}: missing, ${why}`);
      return [`${table.title}, ${table.unit}`, ...table.figures.map((figure) => row(figure, before)), ...missing].join(
        '\n',
      );
    })
    .join('\n\n');
}

function row(figure: Figure, before: Table | undefined): string {
  const { name, time, ratio } = figure;
  const own = ratio ?? time;
  const then = before?.figures.find((one) => one.name === name);
  const committed = then?.ratio ?? then?.time;
  const verdict =
    committed === undefined
      ? ''
      : `  committed ${text(committed.median)}, ${isWithin(own.median, committed) ? 'within' : 'outside'} ${text(committed.low)}-${text(committed.high)}`;
  const parts =
    ratio === undefined ? [] : [`${text(ratio.median)}x (${text(ratio.low)}-${text(ratio.high)})`.padStart(24)];
  return [`  ${name.padEnd(44)}${text(time.median).padStart(10)}`, ...parts].join('') + verdict;
}

function text(number: number): string {
  return number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2);
}
