// A dot for the median, a line for the quartiles and a tick for the tenth percentile, one contender per row, on a logarithmic axis. Panels stand below each
// other, so that contenders which promise different things never share one.

import type { TopLevelSpec } from 'vega-lite';
import { INK } from './svg.js';

export interface Dot {
  readonly panel: string;
  readonly column: string;
  readonly name: string;
  readonly role: 'ours' | 'peer' | 'floor';
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly best: number;
}

export interface DotChart {
  readonly title: string;
  /** In lines. */
  readonly subtitle: readonly string[];
  readonly axis: string;
  /** Behind each figure. */
  readonly unit: string;
  /** A line across all panels, with what it means in the subtitle. */
  readonly line?: number;
  readonly width?: number;
  readonly dots: readonly Dot[];
}

const ROW = 19;
/** Width of the names. */
const LABELS = 265;
const DASH: number[] = [3, 3];

export function dotChart({ title, subtitle, axis, unit, line, width = 210, dots }: DotChart): TopLevelSpec {
  const columns = unique(dots.map(({ column }) => column));
  const panels = unique(dots.map(({ panel }) => panel));
  const values = dots.map((dot) => ({ ...dot, label: `${shown(dot.median)}${unit}` }));
  const ends = [...dots.flatMap(({ low, high, best }) => [low, high, best]), ...(line === undefined ? [] : [line])];
  // Room for the labels, which stand right of the dots.
  const domain = [Math.min(...ends) / 1.3, Math.max(...ends) * (Math.max(...ends) / Math.min(...ends)) ** 0.4 * 1.3];
  const x = { type: 'quantitative', scale: { type: 'log', domain, nice: false } } as const;
  const colour = {
    field: 'role',
    type: 'nominal',
    legend: null,
    scale: { domain: ['ours', 'peer', 'floor'], range: [INK.ours.light, INK.peer.light, INK.floor.light] },
  } as const;
  const rows = unique(dots.map(({ name }) => name));
  return {
    title: { text: title, subtitle: [...subtitle] },
    spacing: 14,
    vconcat: panels.map((panel, index) => {
      const last = index === panels.length - 1;
      const inPanel = values.filter((value) => value.panel === panel);
      const names = rows.filter((name) => inPanel.some((value) => value.name === name));
      const y = {
        field: 'name',
        type: 'nominal',
        sort: names,
        axis: {
          title: null,
          ticks: false,
          domain: false,
          minExtent: LABELS,
          maxExtent: LABELS,
          labelLimit: 0,
          grid: true,
        },
      } as const;
      const axisOfX = { title: last ? axis : null, labels: last, ticks: last, tickCount: 4, format: '~g', grid: false };
      const text = { type: 'text', align: 'left', dx: 8, fontSize: 11 } as const;
      const label = { y, x: { ...x, field: 'high' }, text: { field: 'label' } } as const;
      return {
        ...(panel === ''
          ? {}
          : { title: { text: panel, frame: 'group', fontSize: 12, fontWeight: 'normal', color: INK.quiet.light } }),
        data: { values: inPanel },
        facet: {
          column: {
            field: 'column',
            type: 'nominal',
            sort: columns,
            header: { title: null, labels: index === 0 && columns.length > 1 },
          },
        },
        spacing: 16,
        spec: {
          width,
          height: names.length * ROW,
          layer: [
            ...(line === undefined
              ? []
              : [
                  {
                    mark: { type: 'rule', color: INK.floor.light, strokeDash: DASH },
                    encoding: { x: { ...x, datum: line, axis: axisOfX } },
                  } as const,
                ]),
            {
              mark: { type: 'rule', strokeWidth: 2 },
              encoding: { y, x: { ...x, field: 'low', axis: axisOfX }, x2: { field: 'high' }, color: colour },
            },
            {
              mark: { type: 'point', filled: true, opacity: 1, size: 60 },
              encoding: { y, x: { ...x, field: 'median' }, color: colour },
            },
            {
              mark: { type: 'tick', thickness: 2, size: 11 },
              encoding: { y, x: { ...x, field: 'best' }, color: colour },
            },
            // On a halo of the card, so that no line runs through the figures.
            { mark: { ...text, color: INK.card.light, stroke: INK.card.light, strokeWidth: 4 }, encoding: label },
            { mark: text, encoding: { ...label, color: colour } },
          ],
        },
      };
    }),
  };
}

export function shown(number: number): string {
  if (number >= 1000) return Math.round(number).toLocaleString('en');
  return number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2);
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)];
}
