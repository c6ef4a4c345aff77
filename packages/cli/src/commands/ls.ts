// Lists instances: ids from the index alone; with --long what is read of each.

import {
  InstanceId,
  isStateStoreError,
  type ListEntry,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import type { StatusKind } from '@workflow-state/core';
import { KINDS } from '../arguments.js';
import { shortly } from '../error-line.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import type { Session } from '../session.js';
import { type Column, table } from '../table.js';
import { note, print, printJson, styled, width } from '../terminal.js';
import { age, printable } from '../text.js';

export interface LsOptions {
  readonly limit?: number;
  readonly after?: string;
  readonly long?: boolean;
  readonly json?: boolean;
}

/** Entries held at a time. */
const PAGE = 10_000;
/** Rows drawn at a time. */
const ROWS = 500;
const LOADS = 32;
/** Enough to tell random ids apart; any command takes the beginning of an id. */
const SHORT_ID = 12;

export async function ls(session: Session, kinds: readonly StatusKind[], options: LsOptions): Promise<ExitCode> {
  const store = await session.open();
  const { long = false, json = false, limit = Infinity } = options;
  const after = options.after === undefined ? undefined : cursor(options.after);
  const isTable = process.stdout.isTTY && !json;
  if (!long && !json && !isTable) {
    await ids(store, session, kinds, after, limit);
    return EXIT.ok;
  }
  const now = Date.now();
  const columns = long ? longColumns() : COLUMNS;
  let first = true;
  let bad = 0;
  for await (const entries of pages(store, session, { kinds, after, limit, knowStatus: !long })) {
    for (let start = 0; start < entries.length; start += ROWS) {
      const some = entries.slice(start, start + ROWS);
      const rows = long ? await load(store, session, some, kinds) : some;
      bad += rows.filter((row) => 'error' in row).length;
      if (json) for (const row of rows) await printJson(jsonOf(row));
      else if (isTable && rows.length > 0) {
        await print(
          await table(
            columns,
            rows.map((row) => cells(row, now)),
            { title: first },
          ),
        );
        first = false;
      } else if (!isTable) for (const row of rows) await print(line(row));
    }
  }
  if (isTable && first) note('no instances');
  return bad > 0 ? EXIT.problems : EXIT.ok;
}

function cursor(text: string): InstanceId {
  try {
    return InstanceId.parse(text);
  } catch {
    throw new UsageError(
      `--after ${JSON.stringify(printable(text.slice(0, 60)))} is no whole instance id`,
      'give the last id that was listed',
    );
  }
}

/** One id a line, as it comes out of the index. */
async function ids(
  store: StateStore,
  { signal }: Session,
  kinds: readonly StatusKind[],
  after: InstanceId | undefined,
  limit: number,
): Promise<void> {
  if (limit <= PAGE) {
    const { entries } = await store.listPage({ after, limit, signal, ...(kinds.length > 0 && { status: kinds }) });
    for (const { instanceId } of entries) await print(instanceId);
    return;
  }
  let listed = 0;
  for await (const id of kinds.length > 0 ? store.listByStatus(kinds, { signal }) : store.list({ signal })) {
    if (after !== undefined && id <= after) continue;
    await print(id);
    if (++listed >= limit) return;
  }
}

interface PageOptions {
  readonly kinds: readonly StatusKind[];
  readonly after: InstanceId | undefined;
  readonly limit: number;
  /** Whether each entry must tell its status: then all kinds are asked for by name. */
  readonly knowStatus: boolean;
}

async function* pages(
  store: StateStore,
  { signal }: Session,
  { kinds, after: from, limit, knowStatus }: PageOptions,
): AsyncGenerator<readonly ListEntry[]> {
  const status = kinds.length > 0 ? kinds : knowStatus ? KINDS : undefined;
  let left = limit;
  for (let after = from; left > 0;) {
    const { entries, next } = await store.listPage({ after, limit: Math.min(PAGE, left), signal, status });
    yield entries;
    left -= entries.length;
    if (next === undefined) return;
    after = next;
  }
}

type Row = ListEntry | { readonly state: WorkflowState } | { readonly instanceId: InstanceId; readonly error: unknown };

async function load(
  store: StateStore,
  { signal }: Session,
  entries: readonly ListEntry[],
  kinds: readonly StatusKind[],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let start = 0; start < entries.length; start += LOADS) {
    signal.throwIfAborted();
    const some = await Promise.all(
      entries.slice(start, start + LOADS).map(async ({ instanceId }): Promise<Row | undefined> => {
        try {
          const state = await store.find(instanceId, { signal });
          return state && (kinds.length === 0 || kinds.includes(state.status.kind)) ? { state } : undefined;
        } catch (error) {
          if (!isStateStoreError(error)) throw error;
          return { instanceId, error };
        }
      }),
    );
    // Gone meanwhile, or not of that kind any more.
    rows.push(...some.filter((row) => row !== undefined));
  }
  return rows;
}

const COLUMNS: readonly Column[] = [
  { title: 'INSTANCE', width: 32 },
  { title: 'STATUS', width: 12 },
  { title: 'SINCE', align: 'right' },
];

/** Eighty columns will do; the whole id and longer names where there is room. */
function longColumns(): readonly Column[] {
  const spare = Math.max(0, width() - 80);
  const id = spare >= 20 ? 32 : SHORT_ID;
  const names = Math.min(40, 16 + Math.floor((spare - (id - SHORT_ID)) / 2));
  return [
    { title: 'INSTANCE', width: id },
    { title: 'STATUS', width: 12 },
    { title: 'WORKFLOW', width: names },
    { title: 'STAGE', width: names },
    { title: 'VERSION', width: 7, align: 'right' },
    { title: 'AGE', align: 'right' },
  ];
}

const COLOURS = {
  initializing: 'cyan',
  running: 'blue',
  waiting: 'yellow',
  paused: 'yellow',
  completed: 'green',
  failed: 'red',
  cancelled: 'gray',
} as const;

export function coloured(kind: StatusKind): string {
  return styled(COLOURS[kind], kind);
}

function cells(row: Row, now: number): readonly string[] {
  if ('state' in row) {
    const { instanceId, status, workflowId, currentStage, checkpointVersion, updatedAt } = row.state;
    return [
      longColumns()[0]?.width === SHORT_ID ? instanceId.slice(0, SHORT_ID) : instanceId,
      coloured(status.kind),
      printable(workflowId),
      printable(currentStage),
      String(checkpointVersion),
      age(updatedAt, now),
    ];
  }
  if ('error' in row) return [row.instanceId, styled('red', 'unreadable'), '', '', '', ''];
  const { instanceId, status, statusSince } = row;
  return [
    instanceId,
    status === undefined ? '' : coloured(status),
    statusSince === undefined ? '' : age(statusSince, now),
  ];
}

/** For other programs: between tabs, and with a time instead of an age. */
function line(row: Row): string {
  if ('state' in row) {
    const { instanceId, status, workflowId, currentStage, checkpointVersion, updatedAt } = row.state;
    const texts = [workflowId, currentStage].map(printable);
    return [instanceId, status.kind, ...texts, checkpointVersion, updatedAt.toISOString()].join('\t');
  }
  return 'error' in row ? `${row.instanceId}\tunreadable\t\t\t\t` : row.instanceId;
}

function jsonOf(row: Row): object {
  if ('state' in row) {
    const { instanceId, status, workflowId, version, currentStage, checkpointVersion, createdAt, updatedAt } =
      row.state;
    const definition = `${version.major}.${version.minor}.${version.patch}`;
    return {
      instanceId,
      status: status.kind,
      workflowId,
      workflowVersion: definition,
      currentStage,
      checkpointVersion,
      createdAt,
      updatedAt,
    };
  }
  return 'error' in row ? { instanceId: row.instanceId, error: shortly(row.error) } : row;
}
