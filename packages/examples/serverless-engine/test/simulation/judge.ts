// What must be true once all is quiet.
import { decodeJson, isTerminalKind, type StateStore } from '@workflow-state/core';
import { leaseOf } from '@workflow-state/lease';

/** What a process was told to be stored: a ledger of that length, with that last line. */
export interface Acknowledged {
  readonly run: string;
  readonly length: number;
  readonly entry: string;
}

export interface Evidence {
  readonly store: StateStore;
  /** By run: the report, and the steps, that an uninterrupted run has. */
  readonly expected: ReadonlyMap<string, { readonly report: string; readonly steps: readonly string[] }>;
  readonly acknowledged: readonly Acknowledged[];
  readonly published: readonly { readonly run: string; readonly text: string }[];
  /** Names of index entries, as they lie in the storage. */
  markers(): Promise<readonly string[]>;
}

/** Everything that is wrong; nothing, if all is well. */
export async function judge({
  store,
  expected,
  acknowledged,
  published,
  markers,
}: Evidence): Promise<readonly string[]> {
  const wrong: string[] = [];
  const ledgers = new Map<string, readonly string[]>();
  for await (const { instanceId: run, workflowId, status, state, metrics } of store.states()) {
    if (workflowId === 'timetable') {
      if (Object.keys(state).length > 0) wrong.push(`the timetable still knows ${Object.keys(state).join(', ')}`);
      continue;
    }
    const { report, steps } = expected.get(run) ?? { report: '', steps: [] };
    const ledger = decodeJson<readonly string[]>(state['ledger'] ?? new Uint8Array());
    ledgers.set(run, ledger);
    const lines = ledger.map((line) => line.split(' ') as [string, string, string]);
    if (status.kind !== 'completed') wrong.push(`${run} is ${JSON.stringify(status)}`);
    else if (decodeJson(status.result.output['report'] ?? new Uint8Array()) !== report)
      wrong.push(`${run}: another report`);
    if (leaseOf({ instanceId: run, state } as never) !== undefined) wrong.push(`${run} has a lease left`);
    if (lines.map(([step]) => step).join() !== steps.join())
      wrong.push(`${run}: steps ${lines.map(([step]) => step).join()}`);
    if (metrics.stagesExecuted !== steps.length) wrong.push(`${run}: ${metrics.stagesExecuted} steps counted`);
    if (lines.some(([, fence], index) => Number(fence) < Number(lines[index - 1]?.[1] ?? 0)))
      wrong.push(`${run}: a fence went back`);
    if (!published.some((one) => one.run === run)) wrong.push(`${run} was not published`);
  }
  for (const run of expected.keys()) if (!ledgers.has(run)) wrong.push(`${run} is gone`);
  for (const { run, length, entry } of acknowledged)
    if (ledgers.get(run)?.[length - 1] !== entry)
      wrong.push(`${run}: step ${length} was acknowledged as ${entry}, and is ${ledgers.get(run)?.[length - 1]}`);
  for (const { run, text } of published)
    if (text !== expected.get(run)?.report) wrong.push(`${run}: another report was published`);

  const left = (await markers()).filter((name) => !isTerminalKind(name.split('/').at(-2)));
  const pages = left.filter((name) => name.split('/').at(-2) === 'paused');
  if (left.length !== pages.length) wrong.push(`markers left: ${left.join(' ')}`);
  if ((await markers()).length !== expected.size + pages.length)
    wrong.push(`${(await markers()).length} markers of ${expected.size} runs`);
  return wrong;
}
