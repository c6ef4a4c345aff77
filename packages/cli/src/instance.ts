// Which instance is meant: its id, a UUID with dashes, or the beginning of an id that no other has.

import { InstanceId, type StateStore } from '@workflow-state/core';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { printable } from './text.js';

const DIGITS = 32;

/** There is none. Not a mistake of the command line: it may have been cleaned up. */
export class NoInstance extends Error {
  override readonly name = 'NoInstance';
  readonly exitCode: ExitCode = EXIT.problems;
}

/** A whole id is not looked for. A prefix costs one page of the listing. @throws `UsageError`, `NoInstance` */
export async function instanceOf(store: StateStore, text: string, signal: AbortSignal): Promise<InstanceId> {
  const prefix = text.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{1,32}$/.test(prefix))
    throw new UsageError(
      `${JSON.stringify(printable(text.slice(0, 60)))} is no instance id`,
      'give 32 hex digits, a UUID, or the first digits of an id',
    );
  if (prefix.length === DIGITS) return InstanceId.parse(prefix);
  const { entries } = await store.listPage({ after: before(prefix), limit: 3, signal });
  const found = entries.map(({ instanceId }) => instanceId).filter((id) => id.startsWith(prefix));
  const [only, other] = found;
  if (only === undefined) throw new NoInstance(`no instance begins with ${prefix}`);
  if (other === undefined) return only;
  const named = found.slice(0, 2).map((id) => id.slice(0, distinct(only, other)));
  throw new UsageError(
    `${prefix} is the beginning of ${found.length > 2 ? 'several instances' : 'two instances'}: ${named.join(', ')}${found.length > 2 ? ', …' : ''}`,
    'give more digits',
  );
}

/** The greatest id below all that begin with `prefix`; none below the least. */
function before(prefix: string): InstanceId | undefined {
  const least = BigInt(`0x${prefix.padEnd(DIGITS, '0')}`);
  return least === 0n ? undefined : InstanceId.parse((least - 1n).toString(16).padStart(DIGITS, '0'));
}

function distinct(a: string, b: string): number {
  let same = 0;
  while (a[same] === b[same]) same++;
  return Math.min(DIGITS, Math.max(same + 2, 8));
}
