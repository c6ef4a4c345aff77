// What survived, as a table.

import { join, relative } from 'node:path';
import type { WorkflowState } from '@workflow-state/core';
import type { Verdict } from './journal.js';
import type { Survival } from './supervisor.js';

interface Facts {
  readonly survival: Survival;
  readonly verdict: Verdict;
  readonly state: WorkflowState;
  readonly tookMs: number;
  readonly out: string;
  /** Whether the report equals that of an uninterrupted run. */
  readonly same: boolean;
}

export function survivalTable({ survival: { kills, saves }, verdict, state, tookMs, out, same }: Facts): string {
  const lostMs = kills.reduce((sum, kill) => sum + (kill.lostMs ?? 0), 0);
  const rows: readonly (readonly [string, string])[] = [
    ['run', `${state.instanceId}, ${state.status.kind}`],
    [
      'kills (SIGKILL)',
      `${kills.length}: ${kills.map(({ position: { stage, batch } }) => `${stage} batch ${batch + 1}`).join(', ')}`,
    ],
    [
      'checkpoints',
      `${state.checkpointVersion}, each ${(saves.totalMs / saves.count).toFixed(1)} ms, at most ${Math.ceil(saves.largestBytes / 1000)} kB`,
    ],
    ['batches done', `${verdict.finished}`],
    ['finished batches repeated', `${verdict.repeated.length}`],
    ['batches cut off and done again', `${verdict.cutOff.length}: ${verdict.cutOff.join(', ')}`],
    [
      'time lost to the kills',
      `${seconds(lostMs)} of ${seconds(tookMs)} (new processes, halves of batches done again)`,
    ],
    [
      'report',
      `${join(relative(process.cwd(), out), 'dependency-audit.md')}, ${same ? 'the same bytes' : 'NOT the same'} as without a kill`,
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return ['', 'What survived', ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`), ''].join('\n');
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}
