// Tables without lines. One is printed in pieces where it is long: widths are fixed before the first row is known.

import type { HorizontalAlignment } from 'cli-table3';
import { styled } from './terminal.js';

export interface Column {
  readonly title: string;
  /** Without it: as wide as its contents. With several pieces every column but the last has one. */
  readonly width?: number | undefined;
  readonly align?: HorizontalAlignment | undefined;
}

const NO_LINES = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid']
    .concat(['mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((place) => [place, place === 'middle' ? '  ' : '']),
);

/** The rows as text. `title`: with the heads of the columns above. */
export async function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { title = true }: { readonly title?: boolean } = {},
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const lines = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align = 'left' }) => align),
    colWidths: columns.map(({ width }) => width ?? null),
    truncate: '…',
  });
  if (title) lines.push(columns.map(({ title: head }) => styled('dim', head)));
  lines.push(...rows.map((row) => [...row]));
  return lines
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A few facts below each other: names on the left, quietly. */
export async function facts(pairs: readonly (readonly [name: string, value: string])[]): Promise<string> {
  const rows = pairs.map(([name, value]) => [styled('dim', name), value]);
  return table([{ title: '' }, { title: '' }], rows, { title: false });
}
