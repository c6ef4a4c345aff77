// Copies a store to another one, as often as one likes.

import { type CopyOutcome, type CopyResult, copyStore } from '@workflow-state/core/maintenance';
import { shortly } from '../error-line.js';
import { EXIT, type ExitCode } from '../exit.js';
import { progress } from '../progress.js';
import type { Session } from '../session.js';
import { facts } from '../table.js';
import { print, printJson, say, styled } from '../terminal.js';
import { count, plural } from '../text.js';

export interface CopyOptions {
  readonly concurrency?: number;
  readonly json?: boolean;
}

/** What is left alone is a problem: the stores are not the same. */
const LEFT: { readonly [Outcome in CopyOutcome]?: string } = {
  newer: 'the target holds a later version',
  different: 'the target holds what somebody else wrote there',
  deleted: 'it was deleted in the target',
};

type Tally = Map<CopyOutcome | 'failed', number>;

export async function copy(
  session: Session,
  from: string,
  to: string,
  { concurrency, json = false }: CopyOptions,
): Promise<ExitCode> {
  const { signal } = session;
  const source = await session.openUrl(from, { name: 'from' });
  const target = await session.openUrl(to, { name: 'to  ', create: true });
  const line = progress('copying', 'instances');
  const tally: Tally = new Map();
  // Only the bar waits for it.
  const counting = source.count(undefined, { signal }).then(
    (total) => line.expect(total),
    () => undefined,
  );
  try {
    for await (const result of copyStore(source, target, { concurrency, signal })) {
      const outcome = result.outcome ?? 'failed';
      tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      line.tick();
      if (problemOf(result) !== undefined) await line.aside(() => tell(result, json));
    }
    return codeOf(tally);
  } catch (error) {
    if (signal.aborted) {
      line.end();
      say('stopped between two instances; run it again to go on');
    }
    throw error;
  } finally {
    line.end();
    await counting;
    await summarise(tally, json);
  }
}

function problemOf({ outcome, error }: CopyResult): string | undefined {
  return outcome === undefined ? shortly(error) : LEFT[outcome];
}

async function tell(result: CopyResult, json: boolean): Promise<void> {
  const { instanceId, outcome = 'failed' } = result;
  const problem = problemOf(result);
  if (json) await printJson({ instanceId, outcome, problem });
  else await print(`${instanceId}  ${styled(outcome === 'failed' ? 'red' : 'yellow', outcome)}  ${problem}`);
}

function codeOf(tally: Tally): ExitCode {
  return ['failed', ...Object.keys(LEFT)].some((outcome) => tally.has(outcome as CopyOutcome))
    ? EXIT.problems
    : EXIT.ok;
}

const SAID: readonly (readonly [CopyOutcome | 'failed', string])[] = [
  ['copied', 'were not there'],
  ['updated', 'were there as an older copy'],
  ['present', 'were there already'],
  ['newer', 'left alone: later in the target'],
  ['different', 'left alone: written by somebody else in the target'],
  ['deleted', 'left alone: deleted in the target'],
  ['gone', 'deleted in the source meanwhile'],
  ['failed', 'could not be copied'],
];

async function summarise(tally: Tally, json: boolean): Promise<void> {
  if (process.stdout.destroyed) return;
  if (json)
    return printJson({ summary: Object.fromEntries(SAID.map(([outcome]) => [outcome, tally.get(outcome) ?? 0])) });
  const rows = SAID.filter(([outcome]) => tally.has(outcome)).map(
    ([outcome, means]) => [outcome, `${count(tally.get(outcome) ?? 0).padStart(7)}  ${styled('dim', means)}`] as const,
  );
  await print(rows.length === 0 ? `copied ${plural(0, 'instance')}: the source is empty` : await facts(rows));
}
