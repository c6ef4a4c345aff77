// What an examination found: counts, reasons, and which guarantees were not looked at. Never one word: a store that
// was not asked has not answered.

import type { BackendCapabilities } from '../state-backend.js';
import { CLAUSES } from './clauses.js';
import type { CaseResult, Outcome } from './run-case.js';

export type Counts = Readonly<Record<Outcome, number>>;

export interface ConformanceReport {
  readonly harness: string;
  /** What was declared, and so examined. As JSON a `maxBodyBytes` of `Infinity` is `null`. */
  readonly capabilities: BackendCapabilities;
  readonly seed: number;
  readonly results: readonly CaseResult[];
  readonly counts: Counts;
  readonly clauses: readonly ClauseReport[];
  /** What makes the report red; empty where nothing does. */
  readonly red: readonly string[];
  /** What was not examined, though it could have been. Not red unless it was asked to be. */
  readonly unexamined: readonly string[];
  toText(): string;
  /** Plain data, for `JSON.stringify`: errors as their texts. */
  toJSON(): object;
}

export interface ClauseReport {
  readonly clause: number;
  readonly name: string;
  readonly counts: Counts;
}

const OUTCOMES: readonly Outcome[] = [
  'passed',
  'failed',
  'crashed',
  'knownGap',
  'unsupported',
  'notApplicable',
  'notRun',
];

const WORDS: Readonly<Record<Outcome, string>> = {
  passed: 'passed',
  failed: 'failed',
  crashed: 'crashed',
  knownGap: 'known gap',
  unsupported: 'unsupported',
  notApplicable: 'not applicable',
  notRun: 'not run',
};

/** Why a case was not run that nobody asked for: the one reason that is not red when `strict`. */
export const LEFT_OUT = 'left out by the option `only`';

export interface ReportOptions {
  readonly harness: string;
  readonly capabilities: BackendCapabilities;
  readonly seed: number;
  readonly knownGaps: readonly string[];
  readonly strict: boolean;
}

export function reportOf(
  results: readonly CaseResult[],
  { harness, capabilities, seed, knownGaps, strict }: ReportOptions,
): ConformanceReport {
  const unexamined = results
    .filter(({ outcome }) => outcome === 'notRun')
    .map(({ id, reason }) => `${id}: ${reason ?? ''}`);
  const red = results
    .filter(({ outcome }) => outcome === 'failed' || outcome === 'crashed')
    .map(({ id, outcome }) => `${id} ${outcome}`);
  if (!results.some(({ outcome }) => ['passed', 'failed', 'crashed', 'knownGap'].includes(outcome)))
    red.push('no case ran at all');
  for (const id of knownGaps)
    if (!results.some((result) => result.id === id)) red.push(`knownGaps names ${id}, which is no case`);
  if (strict) red.push(...unexamined.filter((text) => !text.endsWith(LEFT_OUT)).map((text) => `not run: ${text}`));
  const clauses = CLAUSES.map(({ number, name }) => ({
    clause: number,
    name,
    counts: countsOf(results.filter(({ clause }) => clause === number)),
  }));
  const report = { harness, capabilities, seed, results, counts: countsOf(results), clauses, red, unexamined };
  return { ...report, toText: () => textOf(report), toJSON: () => jsonOf(report) };
}

type Data = Omit<ConformanceReport, 'toText' | 'toJSON'>;

function textOf({ harness, capabilities, seed, results, counts, clauses, red, unexamined }: Data): string {
  const width = Math.max(...clauses.map(({ name }) => name.length));
  const lines = [
    `workflow-state conformance of ${harness}, seed ${seed}`,
    `declared: ${Object.entries(capabilities)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    '',
    ...clauses.map(
      ({ clause, name, counts: of }) => `  ${String(clause).padStart(2)}  ${name.padEnd(width)}  ${wordsOf(of)}`,
    ),
    '',
    `  ${results.length} cases: ${wordsOf(counts)}`,
  ];
  for (const outcome of ['failed', 'crashed'] as const) {
    for (const { id, reason } of results.filter((result) => result.outcome === outcome))
      lines.push('', outcome === 'failed' ? (reason ?? id) : `${id} crashed: ${reason ?? ''}`);
  }
  for (const outcome of ['knownGap', 'unsupported', 'notApplicable', 'notRun'] as const) {
    const byReason = new Map<string, string[]>();
    for (const { id, reason = '' } of results.filter((result) => result.outcome === outcome))
      byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
    if (byReason.size > 0) lines.push('', `${WORDS[outcome]}:`);
    for (const [reason, ids] of byReason)
      lines.push(`  ${reason}: ${ids.length > 8 ? `${ids.length} cases` : ids.join(', ')}`);
  }
  lines.push('');
  if (red.length > 0) lines.push(`The contract is not kept, or was not proved: ${red.join('; ')}.`);
  else if (unexamined.length > 0)
    lines.push(
      `No broken promise was found by ${counts.passed} cases; ${unexamined.length} were not run, and say nothing.`,
    );
  else lines.push(`No broken promise was found by ${counts.passed} cases; none was left out.`);
  return lines.join('\n');
}

function jsonOf({ results, ...rest }: Data): object {
  return { ...rest, results: results.map(({ error: _, ...result }) => result) };
}

function countsOf(results: readonly CaseResult[]): Counts {
  return Object.fromEntries(
    OUTCOMES.map((outcome) => [outcome, results.filter((result) => result.outcome === outcome).length]),
  ) as Record<Outcome, number>;
}

function wordsOf(counts: Counts): string {
  const some = OUTCOMES.filter((outcome) => counts[outcome] > 0);
  return some.length === 0 ? 'no case' : some.map((outcome) => `${counts[outcome]} ${WORDS[outcome]}`).join(' · ');
}
