// The parts of READMEs that hold figures: each stands between two marks, and is made from the committed results. What
// stands outside is written by hand and names no measured figure.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CONTENDERS } from '../contenders/all.js';
import { PROMISES, type Promised } from '../contenders/contender.js';
import type { GroupResult, Table } from '../results.js';
import type { Spread } from '../spread.js';
import { costsOf, type Cost, durationsOf, LATENCY, listingCosts, PRICES } from './aws-model.js';
import { type Budget, budgetsOf, verdictOf } from './budgets.js';
import { chartsOf, type Results, tableOf } from './charts.js';
import { shown } from './dots.js';

const READMES = [new URL('../../README.md', import.meta.url), new URL('../../../s3/README.md', import.meta.url)];

/** Each README by its path, with its parts made anew. */
export function fillReadmes(results: Results): ReadonlyMap<string, string> {
  return new Map(
    READMES.map((url) => {
      const path = fileURLToPath(url);
      return [path, fill(readFileSync(path, 'utf8'), results)];
    }),
  );
}

/** @throws where a mark names no part. */
export function fill(text: string, results: Results): string {
  return text.replaceAll(
    /(<!-- measured: ([\w-]+) -->\n).*?(<!-- end of measured -->)/gs,
    (_, begin: string, name: string, end: string) => {
      const part = PARTS[name];
      if (part === undefined)
        throw new Error(`README: there is no part '${name}'; there are ${Object.keys(PARTS).join(', ')}`);
      return `${begin}\n${part(results)}\n\n${end}`;
    },
  );
}

const PARTS: Readonly<Record<string, (results: Results) => string>> = {
  machine,
  budgets,
  contenders,
  versions,
  missing,
  'files-charts': (results) => images(results, (file) => /^files-(memory|disk)-save/.test(file)),
  'load-charts': (results) => images(results, (file) => /^files-(memory|disk)-load/.test(file)),
  'files-times': filesTimes,
  standing,
  growth: (results) => images(results, (file) => file === 'growth.svg'),
  'growth-table': growthTable,
  s3: (results) => images(results, (file) => file === 's3.svg'),
  's3-requests': s3Requests,
  's3-model': s3Model,
  's3-latency': s3Latency,
  'in-process': (results) => images(results, (file) => file === 'in-process.svg'),
  codec: (results) => images(results, (file) => file === 'codec.svg'),
  cache: (results) => images(results, (file) => file === 'cache.svg'),
  start: (results) => images(results, (file) => file.startsWith('start-')),
};

function images(results: Results, wanted: (file: string) => boolean): string {
  return chartsOf(results)
    .filter(({ file }) => wanted(file))
    .map(({ file, alternative }) => `![${alternative}](charts/${file})`)
    .join('\n\n');
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function ratioText({ median, low, high }: Spread): string {
  return low === high ? `${shown(median)}×` : `${shown(median)}× (${shown(low)}–${shown(high)})`;
}

function spreadText({ median, low, high }: Spread, unit: string): string {
  if (['calls', 'requests', 'flushes'].includes(unit))
    return `${median} ${median === 1 ? unit.replace(/e?s$/, '') : unit}`;
  const text = shown(median);
  const spread = low === high ? '' : ` (${shown(low)}–${shown(high)})`;
  return unit === '×' ? `${text}×${spread}` : `${text} ${unit}${spread}`;
}

function machine(results: Results): string {
  const rows = [...results.values()].map(({ group, date, commit, machine: on, facts }) => {
    const more = Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
    return [
      `\`${group}\``,
      date,
      `\`${commit}\``,
      `${on.cpu}, ${on.cores} cores, ${on.memoryGiB} GiB`,
      on.system,
      on.node,
      more,
    ];
  });
  return markdownTable(['group', 'date', 'commit', 'machine', 'system', 'Node.js', 'conditions'], rows);
}

function budgets(results: Results): string {
  const all = budgetsOf(results);
  const missed = all.filter((budget) => verdictOf(budget).startsWith('missed'));
  const rows = all.map((budget) => [
    budget.what,
    `≤ ${limitText(budget)}`,
    budget.measured === undefined ? '–' : spreadText(budget.measured, budget.unit),
    budget.measured === undefined || budget.measured.low === budget.measured.high ? '' : shown(budget.measured.best),
    verdictOf(budget).replace(/^missed/, '**missed**'),
  ]);
  return [
    markdownTable(['what', 'budget', 'measured', 'tenth percentile', ''], rows),
    `${all.length - missed.length} of ${all.length} budgets are met.`,
    ...[...new Set(missed.map(({ why = '' }) => why))].map((why) => {
      const which = missed.filter((budget) => (budget.why ?? '') === why).map(({ what }) => what);
      return `Missed: ${which.join('; ')}. ${why}`.trim();
    }),
  ].join('\n\n');
}

function limitText({ limit, unit }: Budget): string {
  if (unit === '×') return `${limit}×`;
  return `${limit} ${limit === 1 ? unit.replace(/s$/, '') : unit}`;
}

function contenders(results: Results): string {
  const syscalls = results.get('syscalls');
  const versions = { ...syscalls?.versions };
  const of = (id: string, name: string): string => {
    const figure = tableOf(syscalls, id)?.figures.find((one) => one.name === name);
    return figure === undefined ? 'not counted' : String(figure.time.median);
  };
  const rows = CONTENDERS.map(({ name, promises, because, packages }) => [
    name,
    packages.map((one) => `${one} ${versions[one] ?? 'missing'}`).join(', ') || '–',
    PROMISES[promises],
    because,
    of('save-calls', name),
    of('save-flushes', name),
  ]);
  return markdownTable(['contender', 'version', 'promise', 'because', 'system calls of a save', 'flushes'], rows);
}

function versions(results: Results): string {
  const all = new Map([...results.values()].flatMap((result) => Object.entries(result.versions)));
  const listed = [...all]
    .toSorted(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, version]) => `${name} ${version}`);
  return `Versions: ${listed.join(', ')}.`;
}

function missing(results: Results): string {
  const all = new Map<string, string>();
  for (const { group, tables } of results.values())
    for (const { missing: absent = [] } of tables)
      for (const { name, why } of absent) all.set(`${name}, in \`${group}\``, why);
  if (all.size === 0) return 'Every contender ran in every group.';
  return [...all].map(([name, why]) => `- ${name}: ${why}`).join('\n');
}

/** Whether we are ahead of each peer with the same promise, 16 KB. */
function standing(results: Results): string {
  const ours: Readonly<Partial<Record<Promised, string>>> = {
    'power-loss': 'workflow-state, full',
    atomic: 'workflow-state, full',
    process: 'workflow-state, process',
    none: 'workflow-state, process',
  };
  const rows = CONTENDERS.filter(({ role }) => role === 'peer').map(({ name, promises }) => {
    const mine = ours[promises] ?? '';
    const cells = (['files-memory', 'files-disk'] as const).flatMap((group) =>
      [1, 32].map((concurrency) => quotient(tableOf(results.get(group), `save-16-${concurrency}`), mine, name)),
    );
    const load = quotient(tableOf(results.get('files-memory'), 'load-16-1'), mine, name);
    return [name, `\`${mine.split(', ')[1] ?? ''}\``, ...cells, load];
  });
  return markdownTable(
    ['peer', 'ours', 'save, memory, 1', 'save, memory, 32', 'save, disk, 1', 'save, disk, 32', 'load'],
    rows,
  );
}

function quotient(table: Table | undefined, mine: string, peer: string): string {
  const [a, b] = [mine, peer].map((name) => table?.figures.find((figure) => figure.name === name)?.time.best);
  return a === undefined || b === undefined ? '–' : a <= b ? `**${shown(a / b)}×**` : `${shown(a / b)}×`;
}

function filesTimes(results: Results): string {
  return (['files-memory', 'files-disk'] as const)
    .map((group) => {
      const columns = (['save', 'load'] as const).flatMap((operation) =>
        [1, 32].map((concurrency) => ({
          operation,
          concurrency,
          table: tableOf(results.get(group), `${operation}-16-${concurrency}`),
        })),
      );
      const rows = CONTENDERS.map(({ name }) => [
        name,
        ...columns.map(({ table }) => {
          const figure = table?.figures.find((one) => one.name === name);
          return figure === undefined
            ? '–'
            : `${shown(figure.time.median)} µs, ${ratioText(figure.ratio ?? figure.time)}, ${shown((figure.ratio ?? figure.time).best)}×`;
        }),
      ]);
      const head = columns.map(({ operation, concurrency }) => `${operation}, ${concurrency} at a time`);
      return `${group === 'files-memory' ? 'In memory' : 'On disk'}, 16 KB: median, as a multiple of the floor (quartiles), of the tenth percentiles.\n\n${markdownTable(['contender', ...head], rows)}`;
    })
    .join('\n\n');
}

function growthTable(results: Results): string {
  const result = results.get('growth');
  const name = 'workflow-state, process';
  const measured = [...new Set((result?.tables ?? []).map(({ id }) => id.split('@')[0] ?? ''))];
  const sizes = [...new Set((result?.tables ?? []).map(({ id }) => Number(id.split('@')[1])))].toSorted(
    (a, b) => a - b,
  );
  const rows = measured.flatMap((what) => {
    const cells = sizes.map((size) => {
      const time = tableOf(result, `${what}@${size}`)?.figures.find((figure) => figure.name === name)?.time;
      return time === undefined ? '–' : spreadText(time, '').trim();
    });
    return cells.every((cell) => cell === '–') ? [] : [[what, ...cells]];
  });
  return markdownTable([name, ...sizes.map((size) => size.toLocaleString('en'))], rows);
}

function s3Requests(results: Results): string {
  const table = tableOf(results.get('s3'), 'requests');
  return markdownTable(
    ['operation', 'requests', 'which'],
    (table?.figures ?? []).map(({ name, time }) => {
      const [operation = '', kinds = ''] = name.split(': ');
      return [operation, String(time.median), kinds];
    }),
  );
}

function s3Model(results: Results): string {
  const s3 = results.get('s3');
  const money = (dollars: number): string => (dollars >= 1 ? `$${dollars.toFixed(2)}` : `$${dollars.toPrecision(2)}`);
  const costRows = (costs: readonly Cost[]) =>
    costs.map(({ what, dollars, formula }) => [what, formula, money(dollars)]);
  const seconds = (milliseconds: number): string =>
    milliseconds >= 10_000 ? `${Math.round(milliseconds / 1000).toLocaleString('en')} s` : `${milliseconds} ms`;
  return [
    `**A model, not a measurement.** Counted requests; prices of S3 Standard in us-east-1 (PUT and LIST $${PRICES.put} a million, GET $${PRICES.get}, DELETE free), and the ${LATENCY.low} to ${LATENCY.high} ms that AWS names for a small request, both read in November 2026.`,
    markdownTable(['a million workflows', 'each', 'requests cost'], costRows(costsOf(s3))),
    markdownTable(['to find 50,000 of 1,000,000', 'requests', 'cost'], costRows(listingCosts(50_000, 1_000_000))),
    markdownTable(
      ['operation', 'requests one after the other', 'time'],
      durationsOf(s3).map(({ what, requests }) => [
        what,
        requests.toLocaleString('en'),
        `${seconds(requests * LATENCY.low)} to ${seconds(requests * LATENCY.high)}`,
      ]),
    ),
  ].join('\n\n');
}

function s3Latency(results: Results): string {
  const s3 = results.get('s3');
  const ratio = (id: string): string => {
    const figure = tableOf(s3, id)?.figures.find(({ name }) => name === 'workflow-state');
    return figure?.ratio === undefined ? 'not measured' : ratioText(figure.ratio);
  };
  const listing = largestListing(s3);
  const time = (prefix: string): number | undefined =>
    listing?.figures.find(({ name }) => name.startsWith(prefix))?.time.median;
  const [byStatus, readAll] = [time('listByStatus'), time('raw SDK')];
  const compared =
    byStatus === undefined || readAll === undefined
      ? ''
      : ` ${listing?.title ?? ''}: ${shown(byStatus)} ms, where reading every object takes ${shown(readAll / 1000)} s.`;
  return `Beside the raw SDK in one run (${s3?.facts['server'] ?? ''}): a save ${ratio('save')} one conditional PUT of the same bytes, a load ${ratio('load')} one GET, \`head\` ${ratio('head')} one HEAD.${compared}`;
}

function largestListing(s3: GroupResult | undefined): Table | undefined {
  return s3?.tables.filter(({ id }) => id.startsWith('listing-')).at(-1);
}
