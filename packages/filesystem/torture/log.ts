// What an actor did and saw, line by line in a file of its own: a line is in the kernel before the operation goes on, so
// it is there whenever its actor is killed. Times are CLOCK_MONOTONIC, which all processes of a machine share.

import { readFileSync, writeSync } from 'node:fs';
import type { StatusKind } from '@workflow-state/core';

/** A write as its attempt names it. */
export interface Write {
  readonly nonce: string;
  readonly version: number;
  readonly incarnation: string;
  /** Nonce of the write it replaces; null for a create. */
  readonly parent: string | null;
  readonly status: StatusKind | 'tombstone';
  /** When it was offered to the filesystem, at the earliest. */
  readonly begin: number;
}

export type OperationName = 'save' | 'create' | 'delete' | 'find' | 'list' | 'listByStatus' | 'reap';

export type Outcome =
  /** The operation's own write is acknowledged. */
  | { readonly kind: 'wrote' | 'deleted'; readonly nonce: string }
  | { readonly kind: 'seen'; readonly nonce: string; readonly version: number; readonly incarnation: string }
  | { readonly kind: 'absent' }
  /** Refused: none of its writes is ever to be seen. */
  | { readonly kind: 'conflict'; readonly reason: string; readonly expected: string | null }
  | { readonly kind: 'refused'; readonly why: string }
  /** Keys of the hot instances that a listing named. */
  | { readonly kind: 'named'; readonly keys: readonly number[] }
  /** No answer, or an answer that says nothing. */
  | { readonly kind: 'open' };

export interface Operation {
  readonly actor: string;
  readonly name: OperationName;
  /** Number of the instance; -1 for a listing. */
  readonly key: number;
  readonly status: StatusKind | undefined;
  readonly begin: number;
  end: number;
  outcome: Outcome;
  readonly writes: Write[];
}

type Line =
  | readonly ['begin', number, number, OperationName, number, StatusKind | null]
  | readonly ['write', number, Omit<Write, 'begin'>, number]
  | readonly ['end', number, number, Outcome]
  | readonly ['wrong', string];

/** Nanoseconds. */
export function now(): number {
  return Number(process.hrtime.bigint());
}

export class Log {
  readonly #handle: number;
  #next = 0;

  constructor(handle: number) {
    this.#handle = handle;
  }

  begin(name: OperationName, key: number, status?: StatusKind): number {
    const number = this.#next++;
    this.#put(['begin', number, now(), name, key, status ?? null]);
    return number;
  }

  write(number: number, write: Omit<Write, 'begin'>): void {
    this.#put(['write', number, write, now()]);
  }

  end(number: number, outcome: Outcome): void {
    this.#put(['end', number, now(), outcome]);
  }

  /** What an actor sees to be wrong without looking at what others did. */
  wrong(text: string): void {
    this.#put(['wrong', text]);
  }

  #put(line: Line): void {
    const text = `${JSON.stringify(line)}\n`;
    if (writeSync(this.#handle, text) !== text.length) throw new Error('the log is full');
  }
}

export interface Read {
  readonly operations: Operation[];
  readonly wrong: string[];
}

export function readLog(actor: string, path: string): Read {
  const operations = new Map<number, Operation>();
  const wrong: string[] = [];
  // What follows the last line break is a line that its writer did not live to finish.
  for (const text of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const line = JSON.parse(text) as Line;
    if (line[0] === 'wrong') {
      wrong.push(`${actor}: ${line[1]}`);
      continue;
    }
    const [, number] = line;
    if (line[0] === 'begin') {
      const [, , begin, name, key, status] = line;
      operations.set(number, {
        actor,
        name,
        key,
        status: status ?? undefined,
        begin,
        end: Infinity,
        outcome: { kind: 'open' },
        writes: [],
      });
      continue;
    }
    const operation = operations.get(number);
    if (operation === undefined) throw new Error(`${path}: ${text} has no begin`);
    if (line[0] === 'write') {
      operation.writes.push({ ...line[2], begin: line[3] });
    } else {
      operation.outcome = line[3];
      if (line[3].kind !== 'open') operation.end = line[2];
    }
  }
  return { operations: [...operations.values()], wrong };
}
