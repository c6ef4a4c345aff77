// The witness: what the processes did, in a file outside the store. A batch is noted when it begins, and again when its
// save was acknowledged. Whether something was done twice is decided here, without asking the store.
//
// Each line is one write to a file opened for appending: there before the next thing happens, whatever kills the process.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceId, StageId } from '@workflow-state/core';

export interface JournalLine {
  readonly run: InstanceId;
  readonly pid: number;
  readonly what: 'begins' | 'saved';
  readonly stage: StageId;
  readonly batch: number;
}

export interface Verdict {
  readonly finished: number;
  /** Begun more than once, because a kill cut them off before their checkpoint. */
  readonly cutOff: readonly string[];
  /** Begun again after their checkpoint: what must never be. */
  readonly repeated: readonly string[];
}

export function beginJournal(out: string): void {
  writeFileSync(pathIn(out), '');
}

export function note(out: string, line: JournalLine): void {
  appendFileSync(pathIn(out), `${JSON.stringify(line)}\n`);
}

export function readJournal(out: string): readonly JournalLine[] {
  const lines = readFileSync(pathIn(out), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as JournalLine);
}

export function judge(lines: readonly JournalLine[]): Verdict {
  const begun = new Set<string>();
  const saved = new Set<string>();
  const cutOff = new Set<string>();
  const repeated = new Set<string>();
  for (const { what, stage, batch } of lines) {
    const name = `${stage} ${batch + 1}`;
    if (what === 'saved') saved.add(name);
    else if (saved.has(name)) repeated.add(name);
    else if (begun.has(name)) cutOff.add(name);
    begun.add(name);
  }
  return { finished: saved.size, cutOff: [...cutOff], repeated: [...repeated] };
}

function pathIn(out: string): string {
  return join(out, 'journal.ndjson');
}
