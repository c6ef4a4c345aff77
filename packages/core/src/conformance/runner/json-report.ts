// The report of one run of the command as data: what tables of known backends are made from.

import type { ConformanceReport } from '../report.js';
import type { Examined } from './load-harness.js';

/** `--json` writes this, followed by the fields of the report itself, of which `results` has no error objects. */
export interface RunFacts {
  /** Of this shape. One more when a field changes its meaning or goes. */
  readonly format: 1;
  readonly suite: { readonly package: string; readonly version: string };
  /** Of the package that the module belongs to: its nearest package.json that has a name. */
  readonly package: Examined['package'] | null;
  readonly environment: { readonly node: string; readonly platform: string; readonly arch: string };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** What `--only` named. `null`: every case was asked for. */
  readonly only: readonly string[] | null;
  /** Errors that nobody handled while cases ran. Each makes the run red. */
  readonly unhandled: readonly string[];
}

export function jsonReport(facts: RunFacts, report: ConformanceReport): string {
  return `${JSON.stringify({ ...facts, ...report.toJSON() }, null, 2)}\n`;
}
