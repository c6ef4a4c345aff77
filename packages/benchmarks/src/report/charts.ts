// Which charts there are, and from which tables each is drawn.

import type { TopLevelSpec } from 'vega-lite';
import { CONTENDERS } from '../contenders/all.js';
import { PROMISES } from '../contenders/contender.js';
import { CONCURRENCIES, SIZES } from '../groups/files.js';
import type { Figure, GroupResult, Table } from '../results.js';
import { type Dot, dotChart } from './dots.js';
import { lineCharts, type Point } from './lines.js';

export type Results = ReadonlyMap<string, GroupResult>;

const EXPLAINED = 'dot: median, line: quartiles, tick: tenth percentile; less is better';

export interface Chart {
  /** In the folder of charts. */
  readonly file: string;
  /** Text for who does not see it. */
  readonly alternative: string;
  readonly spec: TopLevelSpec;
}

export function chartsOf(results: Results): readonly Chart[] {
  return [
    ...(['files-memory', 'files-disk'] as const).flatMap((group) => filesCharts(results, group)),
    ...growthChart(results),
    ...ratioChart(results, 'codec', {
      title: 'The codec beside others',
      subtitle: ['time, as a multiple of msgpackr in the same rounds', 'ours alone writes and checks a checksum'],
      tables: [1, 16, 256].flatMap((kib) => [`encode-${kib}`, `decode-${kib}`]),
      column: (table) => (table.id.startsWith('encode') ? 'encode' : 'decode'),
      panel: (table) => `${table.id.split('-')[1] ?? ''} KB`,
    }),
    ...ratioChart(results, 'in-process', {
      title: 'Stores in the memory of the process',
      subtitle: ['time, as a multiple of a Map with a structuredClone in and out'],
      tables: [1, 16, 256].flatMap((kib) => [`save-${kib}`, `load-${kib}`]),
      column: (table) => (table.id.startsWith('save') ? 'save' : 'load'),
      panel: (table) => `${table.id.split('-')[1] ?? ''} KB`,
    }),
    ...ratioChart(results, 'cache', {
      title: 'A state from the cache',
      subtitle: [
        'time, as a multiple of lru-cache and a copy written by hand;',
        'on the filesystem, of the same and two existsSync, which prove it current',
      ],
      tables: ['hits-1', 'hits-16', 'files-1', 'files-16'],
      column: (table) => `${table.id.split('-')[1] ?? ''} KB`,
      panel: (table) => (table.id.startsWith('hits') ? 'in memory' : 'on the filesystem'),
    }),
    ...startCharts(results),
    ...s3Chart(results),
  ];
}

function filesCharts(results: Results, group: 'files-memory' | 'files-disk'): Chart[] {
  const result = results.get(group);
  if (result === undefined) return [];
  const place =
    group === 'files-memory' ? `${result.facts['filesystem']} in memory` : `${result.facts['filesystem']} on disk`;
  return (['save', 'load'] as const).flatMap((operation) =>
    CONCURRENCIES.map((concurrency): Chart => {
      const dots = SIZES.flatMap((kib): Dot[] => {
        const table = tableOf(result, `${operation}-${kib}-${concurrency}`);
        return (table?.figures ?? []).flatMap((figure): Dot[] => {
          const contender = CONTENDERS.find(({ name }) => name === figure.name);
          if (contender === undefined || figure.ratio === undefined) return [];
          const panel = PROMISES[contender.promises];
          return [{ panel, column: `${kib} KB`, name: figure.name, role: contender.role, ...figure.ratio }];
        });
      });
      const many = concurrency === 1 ? 'one at a time' : `${concurrency} at a time`;
      const promises = Object.values(PROMISES);
      const sorted = dots.toSorted((a, b) => promises.indexOf(a.panel as never) - promises.indexOf(b.panel as never));
      const unit =
        operation === 'save' ? 'write, fsync, rename, fsync(directory), one at a time' : 'readFileSync and the codec';
      return {
        file: `${group}-${operation}-${concurrency}.svg`,
        alternative: `${operation}s, ${many}, ${place}: time of each contender as a multiple of the floor`,
        spec: dotChart({
          title: `${operation === 'save' ? 'Saves' : 'Loads'}, ${many}, ${place}`,
          subtitle: [`time of one, as a multiple of ${unit}`, EXPLAINED],
          axis: 'multiple of the floor',
          unit: '×',
          line: 1,
          dots: sorted,
        }),
      };
    }),
  );
}

interface RatioChart {
  readonly title: string;
  readonly subtitle: readonly string[];
  readonly tables: readonly string[];
  readonly column: (table: Table) => string;
  readonly panel: (table: Table) => string;
}

function ratioChart(results: Results, group: string, { title, subtitle, tables, column, panel }: RatioChart): Chart[] {
  const result = results.get(group);
  if (result === undefined) return [];
  const dots = tables.flatMap((id): Dot[] => {
    const table = tableOf(result, id);
    return (table?.figures ?? []).flatMap((figure): Dot[] =>
      table === undefined || figure.ratio === undefined
        ? []
        : [
            {
              panel: panel(table),
              column: column(table),
              name: figure.name,
              role: roleOf(figure, table),
              ...figure.ratio,
            },
          ],
    );
  });
  return [
    {
      file: `${group}.svg`,
      alternative: `${title}: ${subtitle.join(' ')}`,
      spec: dotChart({
        title,
        subtitle: [...subtitle, EXPLAINED],
        axis: 'multiple',
        unit: '×',
        line: 1,
        width: 260,
        dots,
      }),
    },
  ];
}

function startCharts(results: Results): Chart[] {
  const result = results.get('start');
  if (result === undefined) return [];
  return [
    { id: 'import', title: 'Import in a new process', unit: ' ms' },
    { id: 'size', title: 'Size, minified and gzipped', unit: ' KB' },
  ].map(({ id, title, unit }): Chart => {
    const table = tableOf(result, id);
    const dots = (table?.figures ?? []).map((figure): Dot => ({
      panel: '',
      column: '',
      name: figure.name,
      role: roleOf(figure, table),
      ...figure.time,
    }));
    return {
      file: `start-${id}.svg`,
      alternative: `${title}, of each package and of peers`,
      spec: dotChart({ title, subtitle: ['less is better'], axis: unit.trim(), unit, width: 420, dots }),
    };
  });
}

function s3Chart(results: Results): Chart[] {
  const result = results.get('s3');
  if (result === undefined) return [];
  const dots = result.tables
    .filter(({ unit }) => unit === 'ms')
    .flatMap((table) =>
      table.figures.map((figure): Dot => ({
        panel: table.title,
        column: '',
        name: figure.name,
        role: figure.name.startsWith('raw SDK') ? 'floor' : 'ours',
        ...figure.time,
      })),
    );
  return [
    {
      file: 's3.svg',
      alternative: 'S3: latency beside the raw SDK, and listings beside the reading of every object',
      spec: dotChart({
        title: 'S3, beside the raw SDK',
        subtitle: [`${result.facts['server']}`, EXPLAINED],
        axis: 'ms',
        unit: ' ms',
        width: 420,
        dots,
      }),
    },
  ];
}

const GROWTH: Readonly<Record<string, string>> = {
  'byStatus, ms': 'list by status, ms',
  'list, ms': 'list all, ms',
  'count, ms': 'count by status, ms',
  'byStatus, longest stall, ms': 'stall, by status, ms',
  'list, longest stall, ms': 'stall, list all, ms',
  'cleanup, longest stall, ms': 'stall, cleanup, ms',
  'load, µs': 'load, µs',
  'save, µs': 'save, µs',
  'open, ms': 'open, ms',
  'cleanup, µs per instance': 'cleanup, µs each',
  'byStatus, files read': 'files read, by status',
  'peak memory, MiB': 'peak memory, MiB',
};

function growthChart(results: Results): Chart[] {
  const result = results.get('growth');
  if (result === undefined) return [];
  const points = Object.entries(GROWTH).flatMap(([what, chart]) =>
    result.tables
      .filter(({ id }) => id.split('@')[0] === what)
      .flatMap(({ id, figures }) =>
        figures
          // A logarithmic axis has no nought.
          .filter(({ time }) => time.low > 0)
          .map(({ name, time }): Point => ({ chart, name, instances: Number(id.split('@')[1]), ...time })),
      ),
  );
  return [
    {
      file: 'growth.svg',
      alternative: 'Cost of each operation against the number of instances, on logarithmic axes',
      spec: lineCharts({
        title: 'As instances grow in number',
        subtitle: [
          `${result.facts['filesystem']} in memory, states of ${result.facts['bytes of a state']} bytes; 5 % have the status, 10 % are cleaned up.`,
          'Cost against the number of instances, less is better; both axes logarithmic, nought is not drawn.',
          'A stall is the longest time for which the loop of events did not turn.',
        ],
        points,
      }),
    },
  ];
}

export function tableOf(result: GroupResult | undefined, id: string): Table | undefined {
  return result?.tables.find((table) => table.id === id);
}

function roleOf({ name }: Figure, table: Table | undefined): 'ours' | 'peer' | 'floor' {
  if (name.includes('workflow-state')) return 'ours';
  return name === table?.floor || name.startsWith('floor') || name.endsWith('alone') ? 'floor' : 'peer';
}
