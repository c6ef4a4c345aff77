// How a broken promise is told: to a person who wrote a store and has never seen this suite.

import assert from 'node:assert/strict';
import type { ConformanceCase } from './case.js';
import { clauseOf } from './clauses.js';
import { type History, showAnswer } from './history.js';

/** A clause of the contract does not hold. The message is the whole story; the fields are its parts. */
export class ConformanceFailure extends Error {
  override readonly name: string = 'ConformanceFailure';
  readonly caseId: string;
  readonly clause: number;
  /** What was found instead of what was promised. */
  readonly finding: string;
  readonly seed: number;

  constructor(broken: ConformanceCase, finding: string, history: History, seed: number, cause?: unknown) {
    super(
      tell(broken, finding, history, seed),
      cause === undefined || cause instanceof assert.AssertionError ? undefined : { cause },
    );
    this.caseId = broken.id;
    this.clause = broken.clause;
    this.finding = finding;
    this.seed = seed;
    // Where the case found it, not where it is told.
    const frames = cause instanceof Error ? cause.stack?.split('\n').filter((line) => /^\s+at /.test(line)) : undefined;
    this.stack = [`${this.name}: ${this.message}`, ...(frames ?? [])].join('\n');
  }
}

/** What the case said, and the two values if they are short: in place of the differences that `assert` draws. */
export function findingOf({ message, generatedMessage, operator, actual, expected }: assert.AssertionError): string {
  const [said = '', ...rest] = message.trim().split(/\n{2,}|\n\+ actual - expected/);
  if (generatedMessage || !['strictEqual', 'deepStrictEqual'].includes(operator)) return [said, ...rest].join('\n');
  return `${said}: expected ${showAnswer(expected)}, got ${showAnswer(actual)}`;
}

function tell(broken: ConformanceCase, finding: string, history: History, seed: number): string {
  const clause = clauseOf(broken.clause);
  const lines = [
    `${broken.id}: clause ${clause.number}, ${clause.name}, does not hold`,
    `  promised     ${clause.promise}`,
    `  so           ${broken.title}`,
    `  but          ${finding.replaceAll('\n', '\n               ')}`,
    `  usual cause  ${broken.usualCause}`,
    `  replay       workflow-state-conformance <your module> --seed ${seed} --only ${broken.id}`,
    `               validate(harness, { seed: ${seed}, only: ['${broken.id}'] })`,
  ];
  const operations = history.toText();
  if (operations !== '') lines.push(operations);
  return lines.join('\n');
}

/** Thrown by a case through its context: it does not apply to what it met. */
export class NotApplicable extends Error {
  override readonly name: string = 'NotApplicable';
}

/** Thrown by a case through its context: something it works with is missing. */
export class NotRun extends Error {
  override readonly name: string = 'NotRun';
}
