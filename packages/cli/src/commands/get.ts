// Shows one state: for people, as JSON, or the bytes of one of its values.

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { ByteMap, WorkflowState, WorkflowStatus } from '@workflow-state/core';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import { instanceOf } from '../instance.js';
import type { Session } from '../session.js';
import { facts } from '../table.js';
import { note, print, printJson, styled, width } from '../terminal.js';
import { age, count, duration, plural, printable } from '../text.js';
import { showValue, toJson } from '../value.js';
import { coloured } from './ls.js';

export interface GetOptions {
  readonly json?: boolean;
  readonly out?: string;
}

export async function get(
  session: Session,
  id: string,
  value: string | undefined,
  { json = false, out }: GetOptions,
): Promise<ExitCode> {
  if (out !== undefined && value === undefined)
    throw new UsageError('--out writes the bytes of one value', 'name it behind the id, such as state.order');
  const store = await session.open();
  const instanceId = await instanceOf(store, id, session.signal);
  const state = await store.load(instanceId, { signal: session.signal });
  if (value !== undefined) await one(valueOf(state, value), out, json);
  else if (json) await printJson(toJson(state));
  else await print(await readable(state));
  return EXIT.ok;
}

/** `state.order`: the part, and everything behind the first full stop as the key. */
function valueOf(state: WorkflowState, name: string): Uint8Array {
  const [, part = '', key = ''] = /^([a-z]+)\.(.*)$/s.exec(name) ?? [];
  const parts = partsOf(state);
  const map = parts.get(part);
  if (map !== undefined && Object.hasOwn(map, key)) return map[key] as Uint8Array;
  const known = [...parts].flatMap(([prefix, values]) => Object.keys(values).map((one) => `${prefix}.${one}`));
  throw new UsageError(
    `${state.instanceId} has no value ${JSON.stringify(printable(name))}`,
    known.length === 0
      ? 'it has none at all'
      : `it has ${known.slice(0, 8).map(printable).join(', ')}${known.length > 8 ? ', …' : ''}`,
  );
}

function partsOf({ input, state, status }: WorkflowState): ReadonlyMap<string, ByteMap> {
  const parts = new Map<string, ByteMap>([
    ['input', input],
    ['state', state],
  ]);
  if (status.kind === 'completed') parts.set('output', status.result.output);
  return parts;
}

async function one(bytes: Uint8Array, out: string | undefined, json: boolean): Promise<void> {
  if (out !== undefined && out !== '-') {
    await writeFile(out, bytes);
    note(`${plural(bytes.length, 'byte')} written to ${out}`);
  } else if (out === '-') {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  } else if (json) await printJson(showValue(bytes));
  else {
    const shown = showValue(bytes);
    await print('text' in shown ? (process.stdout.isTTY ? printableLines(shown.text) : shown.text) : shown.base64);
  }
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

async function readable(state: WorkflowState): Promise<string> {
  const { instanceId, workflowId, version, status, currentStage, checkpointVersion, metrics } = state;
  const { createdAt, updatedAt, retryAttempts } = state;
  const definition = `${version.major}.${version.minor}.${version.patch}`;
  const sections = [
    `${styled('bold', printable(workflowId))} ${styled('dim', definition)}`,
    await facts([
      ['instance', instanceId],
      ['status', describe(status)],
      ['stage', printable(currentStage)],
      ['version', String(checkpointVersion)],
      ['created', when(createdAt)],
      ['updated', when(updatedAt)],
      [
        'metrics',
        [
          plural(metrics.stagesExecuted, 'stage'),
          plural(metrics.retryCount, 'retry', 'retries'),
          plural(metrics.errorCount, 'error'),
        ].join(', '),
      ],
      ...numbers('took', metrics.stageDurations, duration),
      ...numbers('metric', metrics.custom, String),
      ...numbers('attempts', retryAttempts, String),
    ]),
  ];
  if (status.kind === 'failed') {
    const { code, message, stage, trace, recoveryHints } = status.error;
    sections.push(
      heading('error'),
      await facts([
        ['code', printable(code)],
        ['message', printable(message)],
        ...(stage === undefined ? [] : ([['stage', printable(stage)]] as const)),
        ...recoveryHints.map((hint) => ['hint', printable(hint)] as const),
        ...(trace === undefined ? [] : ([['trace', printable(trace)]] as const)),
      ]),
    );
  }
  for (const [part, values] of partsOf(state)) {
    const names = Object.keys(values);
    if (names.length === 0) continue;
    const rows = names.map((name) => [printable(name), preview(values[name] ?? new Uint8Array())] as const);
    sections.push(heading(part), await facts(rows));
  }
  return sections.join('\n');
}

function heading(text: string): string {
  return `\n${styled('bold', text)}`;
}

function describe(status: WorkflowStatus): string {
  const kind = coloured(status.kind);
  switch (status.kind) {
    case 'running':
      return `${kind} ${printable(status.currentStage)}`;
    case 'waiting':
      return `${kind} for ${printable(status.event)} in ${printable(status.stage)}`;
    case 'paused':
      return `${kind} in ${printable(status.stage)}`;
    case 'completed':
      return `${kind} in ${duration(status.result.durationMs)}`;
    case 'initializing':
    case 'failed':
    case 'cancelled':
      return kind;
    default:
      throw status satisfies never;
  }
}

function when(time: Date): string {
  return `${time.toISOString()} ${styled('dim', `${age(time)} ago`)}`;
}

function numbers(
  name: string,
  values: Readonly<Record<string, number>>,
  show: (value: number) => string,
): readonly (readonly [string, string])[] {
  const all = Object.entries(values).map(([key, value]) => `${printable(key)} ${show(value)}`);
  return all.length === 0 ? [] : [[name, all.join(', ')]];
}

/** The beginning, and how much there is in all. `get <id> <value>` shows the rest. */
function preview(bytes: Uint8Array): string {
  const shown = showValue(bytes);
  // A NUL makes no text that anybody wrote.
  const isText = 'text' in shown && !shown.text.includes('\0');
  const text = isText ? printable(shown.text) : `base64 ${Buffer.from(bytes).toString('base64')}`;
  const room = Math.max(40, (process.stdout.isTTY ? width() : 120) - 30);
  const size = styled('dim', `${count(bytes.length)} B`);
  return `${text.length > room ? `${text.slice(0, room)}…` : text}  ${size}`;
}
