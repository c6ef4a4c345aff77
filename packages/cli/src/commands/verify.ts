// Reads everything in a store, and says what is wrong with it.

import { type Finding, type FindingKind, verifyStore } from '@workflow-state/core/maintenance';
import type { StateStore } from '@workflow-state/core';
import { EXIT, type ExitCode } from '../exit.js';
import { progress } from '../progress.js';
import type { Session } from '../session.js';
import { print, printJson, say, styled } from '../terminal.js';
import { count, plural, printable } from '../text.js';

export interface VerifyOptions {
  readonly repair?: boolean;
  readonly concurrency?: number;
  readonly json?: boolean;
}

/** What to do about each; `sweep`: what --repair does. */
const REMEDIES: { readonly [Kind in FindingKind]: string } = {
  damaged: 'restore it from a backup, or delete it with rm',
  'newer-format': 'use the release that wrote it',
  unreadable: 'see why, and verify again',
  'stale-index': 'verify --repair removes it',
  'missing-index': 'verify --repair adds it where the backend can; else save the instance once more',
  leftover: 'verify --repair removes it',
  foreign: 'move it away, if you know what it is; it does no harm',
  stuck: 'load it, stop all engines, remove that file, and save it without its revision',
};

/** What a sweep may mend. Never a record. */
const SWEPT: ReadonlySet<FindingKind> = new Set(['stale-index', 'missing-index', 'leftover']);

export async function verify(session: Session, options: VerifyOptions): Promise<ExitCode> {
  const store = await session.open();
  const { repair = false, json = false } = options;
  const found = await look(store, session, options, !repair);
  if (!repair) return conclude(found, json);
  const toMend = [...SWEPT].reduce((sum, kind) => sum + (found.kinds.get(kind) ?? 0), 0);
  if (toMend === 0) {
    // Told now, for nothing will change.
    for (const finding of found.kept) await tell(finding, json);
    return conclude(found, json);
  }
  await sweep(store, session);
  const left = await look(store, session, options, true);
  const mended = toMend - [...SWEPT].reduce((sum, kind) => sum + (left.kinds.get(kind) ?? 0), 0);
  if (!json) say(`repaired ${count(Math.max(0, mended))} of ${count(toMend)}`);
  return conclude(left, json);
}

interface Found {
  checked: number;
  readonly kinds: Map<FindingKind, number>;
  readonly kept: Finding[];
}

/** `aloud`: each finding is printed as it comes. Else the first of them are kept. */
async function look(
  store: StateStore,
  { signal }: Session,
  { concurrency, json = false }: VerifyOptions,
  aloud: boolean,
): Promise<Found> {
  const found: Found = { checked: 0, kinds: new Map(), kept: [] };
  const line = progress('verifying', 'instances');
  const counting = store.count(undefined, { signal }).then(
    (total) => line.expect(total),
    () => undefined,
  );
  const onChecked = (): void => {
    found.checked++;
    line.tick();
  };
  try {
    for await (const finding of verifyStore(store, { concurrency, onChecked, signal })) {
      found.kinds.set(finding.kind, (found.kinds.get(finding.kind) ?? 0) + 1);
      if (aloud) await line.aside(() => tell(finding, json));
      else found.kept.push(finding);
    }
  } catch (error) {
    line.end();
    if (signal.aborted) say(`stopped: ${plural(found.checked, 'instance')} read so far`);
    throw error;
  } finally {
    line.end();
    await counting;
  }
  return found;
}

/** A cleanup that removes no instance: none is that old. */
async function sweep(store: StateStore, { signal }: Session): Promise<void> {
  const { failures } = await store.cleanup({ cancelled: Number.MAX_SAFE_INTEGER }, { signal });
  for (const { what, error } of failures)
    say(`${what ?? 'sweep'}: ${error instanceof Error ? error.message : String(error)}`);
}

async function tell({ kind, what, instanceId, problem }: Finding, json: boolean): Promise<void> {
  if (json) return printJson({ kind, what, instanceId, problem, remedy: REMEDIES[kind] });
  const colour = kind === 'foreign' || kind === 'leftover' ? 'yellow' : 'red';
  await print(`${styled(colour, kind)}  ${printable(what)}\n  ${printable(problem)}; ${styled('dim', REMEDIES[kind])}`);
}

async function conclude({ checked, kinds }: Found, json: boolean): Promise<ExitCode> {
  const findings = [...kinds.values()].reduce((sum, number) => sum + number, 0);
  if (json) await printJson({ summary: { checked, ...Object.fromEntries(kinds) } });
  else {
    const each = [...kinds].map(([kind, number]) => `${count(number)} ${kind}`).join(', ');
    await print(`${plural(checked, 'instance')} read, ${findings === 0 ? styled('green', 'nothing wrong') : each}`);
  }
  return findings === 0 ? EXIT.ok : EXIT.problems;
}
