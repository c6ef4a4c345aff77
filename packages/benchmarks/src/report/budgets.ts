// The project's budgets, each beside what the committed results say. A count is asserted by a test as well; a time is a
// ratio within one run.

import type { GroupResult } from '../results.js';
import { isWithin, type Spread, spreadOf } from '../spread.js';
import { type Results, tableOf } from './charts.js';

export interface Budget {
  readonly what: string;
  readonly limit: number;
  readonly unit: '×' | 'ms' | 'KB' | 'calls' | 'requests' | 'flushes';
  /** `undefined` where the results do not have it. */
  readonly measured: Spread | undefined;
  /** Why it is missed, where it is. */
  readonly why?: string;
}

export type Verdict = 'met' | 'met, within the spread' | 'missed, within the spread' | 'missed' | 'not measured';

/** What lies between: the median is on one side, and a quartile on the other. */
export function verdictOf({ measured, limit }: Budget): Verdict {
  if (measured === undefined) return 'not measured';
  const met = measured.median <= limit;
  const open = measured.low !== measured.high && isWithin(limit, measured) && measured.median !== limit;
  if (met) return open ? 'met, within the spread' : 'met';
  return open ? 'missed, within the spread' : 'missed';
}

const FULL = 'workflow-state, full';
const PROCESS = 'workflow-state, process';

export function budgetsOf(results: Results): readonly Budget[] {
  const find = (group: string, table: string, name: string, of: 'time' | 'ratio' = 'time'): Spread | undefined =>
    figureOf(results.get(group), table, name)?.[of];
  const ratio = (group: string, table: string, name: string): Spread | undefined => find(group, table, name, 'ratio');
  const calls = (what: string, phase: string, limit: number, flushes?: number): Budget[] => [
    {
      what: `filesystem, ${what}: system calls`,
      limit,
      unit: 'calls',
      measured: find('syscalls', `${phase}-calls`, FULL),
    },
    ...(flushes === undefined
      ? []
      : [
          {
            what: `filesystem, ${what}: flushes among them`,
            limit: flushes,
            unit: 'flushes',
            measured: find('syscalls', `${phase}-flushes`, FULL),
          } as const,
        ]),
  ];
  const requests = (what: string, limit: number): Budget => ({
    what: `S3, ${what}`,
    limit,
    unit: 'requests',
    measured: requestsOf(results.get('s3'), what),
  });
  const size = (name: string, limit: number): Budget => ({
    what: `size of \`${name}\` alone, minified and gzipped`,
    limit,
    unit: 'KB',
    measured: find('start', 'size', `${name}, alone`),
    ...(name === '@workflow-state/memory' ? {} : { why: WHY.size }),
  });
  return [
    ...calls('save', 'save', 7, 2),
    ...calls('status change', 'changeStatus', 9),
    ...calls('create', 'create', 11),
    ...calls('delete', 'remove', 9),
    ...calls('load', 'load', 4),
    {
      what: 'filesystem, save at `process`: flushes',
      limit: 0,
      unit: 'flushes',
      measured: find('syscalls', 'save-flushes', PROCESS),
    },
    {
      what: 'filesystem, save at `full`, 16 KB, one at a time, in memory, over the floor',
      limit: 1.4,
      unit: '×',
      measured: ratio('files-memory', 'save-16-1', FULL),
      why: WHY.save,
    },
    {
      what: 'filesystem, save at `full`, 16 KB, 32 at a time, in memory, over the floor',
      limit: 0.5,
      unit: '×',
      measured: ratio('files-memory', 'save-16-32', FULL),
      why: WHY.saves,
    },
    {
      what: 'filesystem, load, 16 KB, over `readFileSync` and decode',
      limit: 1.15,
      unit: '×',
      measured: ratio('files-memory', 'load-16-1', FULL),
      why: WHY.load,
    },
    {
      what: 'listing 5 % of 100,000 by status, over one `readdir` of the matches',
      limit: 1.5,
      unit: '×',
      measured: find('growth', 'byStatus, over one readdir of the matches, ×@100000', PROCESS),
      why: WHY.listing,
    },
    {
      what: 'longest stall of the loop while listing 5 % of 100,000 by status',
      limit: 60,
      unit: 'ms',
      measured: find('growth', 'byStatus, longest stall, ms@100000', PROCESS),
      why: WHY.listing,
    },
    {
      what: 'longest stall of the loop while listing all of 100,000',
      limit: 60,
      unit: 'ms',
      measured: find('growth', 'list, longest stall, ms@100000', PROCESS),
      why: WHY.listing,
    },
    requests('save', 1),
    requests('status change', 3),
    requests('terminal save', 3),
    requests('load', 1),
    requests('create', 2),
    requests('delete of a known revision', 2),
    requests('delete', 3),
    requests('create over a tombstone', 5),
    {
      what: 'S3, listing 500 of 10,000 by status',
      limit: 1,
      unit: 'requests',
      measured: requestsIn(results.get('s3'), 'listing-10000', 'listByStatus'),
    },
    {
      what: 'S3, listing 10,000',
      limit: 10,
      unit: 'requests',
      measured: requestsIn(results.get('s3'), 'listing-10000', 'list'),
      why: WHY.pages,
    },
    {
      what: 'codec, encode, 16 KB, over `msgpackr`',
      limit: 1,
      unit: '×',
      measured: ratio('codec', 'encode-16', 'workflow-state'),
      why: WHY.codec,
    },
    {
      what: 'codec, decode, 16 KB, over `msgpackr`',
      limit: 1.6,
      unit: '×',
      measured: ratio('codec', 'decode-16', 'workflow-state'),
      why: WHY.codec,
    },
    {
      what: 'codec, 16 KB, bytes over payload',
      limit: 1.07,
      unit: '×',
      measured: find('codec', 'size-16', 'workflow-state'),
    },
    {
      what: 'cache, hit, 16 KB, over `lru-cache` and a copy by hand',
      limit: 1.3,
      unit: '×',
      measured: ratio('cache', 'hits-16', 'workflow-state, hit'),
      why: WHY.cache,
    },
    {
      what: 'cache, proved hit on the filesystem, 16 KB, over the same and two `existsSync`',
      limit: 1.3,
      unit: '×',
      measured: ratio('cache', 'files-16', 'workflow-state, proved hit'),
      why: WHY.cache,
    },
    size('@workflow-state/core', 12),
    size('@workflow-state/memory', 6),
    size('@workflow-state/filesystem', 6),
    size('@workflow-state/s3', 6),
    {
      what: '`import` of `@workflow-state/core`',
      limit: 5,
      unit: 'ms',
      measured: find('start', 'import', '@workflow-state/core'),
      why: WHY.import,
    },
  ];
}

const WHY = {
  save: 'The flushes run on the thread pool, so that the loop is free meanwhile: two hand-overs per save, which the synchronous floor does not pay.',
  saves:
    'Each save flushes a file of its own, and only the flush of the directory is shared. A log would be flushed once for all of them, and be a second source of truth.',
  load: 'Beyond reading and decoding, the store validates the record and hands out a revision.',
  listing: 'Names are parsed, sorted and handed out in batches, with turns of the loop between them.',
  pages:
    'A page has 1,000 names, and 10,000 is ten full ones. This server says of a full page that more may follow, also of the last; one instance less, or a server that knows, and it is ten.',
  codec: 'Ours writes and checks a CRC-32 of every byte, and hands out copies.',
  cache: 'A hit passes through the same checks as any call of a store.',
  size: 'The protocols that survive every crash take more code than the budget foresaw. `npm run size` holds ceilings a little above what is there.',
  import: 'Time to find, read and compile its files, of which there is one for each entry and for what entries share.',
} as const;

function figureOf(result: GroupResult | undefined, table: string, name: string) {
  return tableOf(result, table)?.figures.find((figure) => figure.name === name);
}

/** The kinds of request stand behind the name of the operation. */
function requestsOf(result: GroupResult | undefined, operation: string): Spread | undefined {
  return tableOf(result, 'requests')?.figures.find(({ name }) => name.startsWith(`${operation}: `))?.time;
}

function requestsIn(result: GroupResult | undefined, table: string, operation: string): Spread | undefined {
  const name = tableOf(result, table)?.figures.find((figure) => figure.name.startsWith(`${operation}: `))?.name;
  const count = /: (\d+) requests?$/.exec(name ?? '')?.[1];
  return count === undefined ? undefined : spreadOf([Number(count)]);
}
