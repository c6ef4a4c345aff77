// What was done to the store, in order: the evidence in a failure's message, and the input of the check that a
// concurrent history is linearizable.
//
// Versions are unique and dense per incarnation of an instance, so that check needs no search: an operation that began
// after another had finished must not see an older version (a save: only a newer one), no version is acknowledged
// twice, none is read before its writer began. Operations with an unknown outcome stay open for ever.

import assert from 'node:assert/strict';
import { isStateStoreError } from '../errors.js';
import type { InstanceId } from '../instance-id.js';
import { decodeRevision } from '../revision.js';
import { show } from '../show.js';
import {
  BACKEND,
  type BackendRecord,
  type Expected,
  isNotApplied,
  isRevisionConflict,
  type StateBackend,
} from '../state-backend.js';
import type { StateStore } from '../state-store.js';
import { interpose, type Interposition } from './interpose.js';
import { type Contradiction, lineOf, tellHistory } from './tell-history.js';

export interface Operation {
  readonly handle: string;
  readonly op: string;
  readonly id: InstanceId | undefined;
  /** What was asked for, for people. */
  readonly detail: string;
  /** Ticks of a clock that counts begins and ends: `a.end < b.begin` means that a was over when b began. */
  readonly begin: number;
  end: number;
  /** `ok`, the code of an error, or `error`. */
  outcome: string;
  /** What was answered, for people. */
  answer: string;
  /** Whether an answer names a version that this operation has made. */
  writes: boolean;
  /** Version that the operation wrote or saw; 0 for absent. */
  version: number | undefined;
  revision: string | undefined;
  /** Of the write that was made or seen, and of the create that it descends from, as far as `revision` tells. */
  nonce?: string | undefined;
  incarnation?: string | undefined;
}

type Change = Parameters<StateStore['update']>[1];

export class History {
  readonly operations: Operation[] = [];
  #tick = 0;
  #contradiction: Contradiction | undefined;

  begin(handle: string, op: string, id: InstanceId | undefined, detail: string): Operation {
    const operation: Operation = {
      handle,
      op,
      id,
      detail,
      begin: this.#tick++,
      end: Infinity,
      outcome: 'pending',
      answer: 'no answer',
      writes: op === 'save' || op === 'update',
      version: undefined,
      revision: undefined,
    };
    this.operations.push(operation);
    return operation;
  }

  end(operation: Operation, outcome: string, answer: string): void {
    operation.end = this.#tick++;
    operation.outcome = outcome;
    operation.answer = answer;
  }

  /** Something that the case itself did to the world: a fault, a kill, the clock. */
  note(text: string): void {
    this.end(this.begin('case', text, undefined, ''), 'ok', '');
  }

  async run<T>(
    handle: string,
    op: string,
    id: InstanceId | undefined,
    detail: string,
    call: (operation: Operation) => Promise<T>,
  ): Promise<T> {
    const operation = this.begin(handle, op, id, detail);
    try {
      const result = await call(operation);
      observe(operation, result);
      this.end(operation, 'ok', showAnswer(result));
      return result;
    } catch (error) {
      this.end(operation, outcomeOf(error), showError(error));
      throw error;
    }
  }

  /** Forgets all that was done so far: what follows is to be told alone. */
  clear(): void {
    this.operations.length = 0;
    this.#contradiction = undefined;
    this.#tick = 0;
  }

  toText(): string {
    return tellHistory(this.operations, this.#contradiction);
  }

  /** @throws `AssertionError` naming the two operations that no order explains. */
  checkLinearizable(id: InstanceId): void {
    const seen = this.operations
      .filter((operation) => operation.id === id && operation.version !== undefined && operation.outcome === 'ok')
      .sort((a, b) => a.begin - b.begin);
    const refute = (what: string, ...pair: Contradiction): never => {
      this.#contradiction = pair;
      assert.fail(`${what}:\n${pair.map((operation) => lineOf(operation)).join('\n')}`);
    };
    const writers = new Map<number, Operation>();
    const revisions = new Map<number, Operation>();
    for (const operation of seen) {
      const version = operation.version ?? 0;
      if (operation.writes) {
        const other = writers.get(version);
        if (other !== undefined) refute(`version ${version} was acknowledged twice`, other, operation);
        writers.set(version, operation);
      }
      if (operation.revision !== undefined) {
        const other = revisions.get(version);
        if (other !== undefined && nameOf(other) !== nameOf(operation))
          refute(`version ${version} was seen with two revisions`, other, operation);
        revisions.set(version, operation);
      }
    }
    for (const operation of seen) {
      const writer = writers.get(operation.version ?? 0);
      if (writer !== undefined && operation.end < writer.begin)
        refute(`version ${operation.version} was seen before its writer began`, operation, writer);
    }
    // In order of begin, with the newest version that any operation finished by then has seen.
    const byEnd = [...seen].sort((a, b) => a.end - b.end);
    let next = 0;
    let newest: Operation | undefined;
    for (const operation of seen) {
      for (let over = byEnd[next]; over !== undefined && over.end < operation.begin; over = byEnd[++next]) {
        if (newest === undefined || (over.version ?? 0) > (newest.version ?? 0)) newest = over;
      }
      if (newest === undefined) continue;
      const least = (newest.version ?? 0) + (operation.writes ? 1 : 0);
      if ((operation.version ?? 0) < least) {
        const what = operation.writes ? 'written' : 'seen';
        refute(`version ${operation.version} was ${what} after version ${newest.version}`, newest, operation);
      }
    }
  }
}

/** Of the write that was seen: a save that was replaced before its answer came has no hint to put into its revision. */
function nameOf({ revision }: Operation): string | undefined {
  return revision === undefined ? undefined : (decodeRevision(revision)?.nonce ?? revision);
}

/** A store that writes into the history all that is asked of it and answered. */
export function recordStore(store: StateStore, history: History, handle: string): StateStore {
  const run = <T>(
    op: string,
    id: InstanceId | undefined,
    detail: string,
    call: (operation: Operation) => Promise<T>,
  ): Promise<T> => history.run(handle, op, id, detail, call);
  async function* listing<T>(op: string, detail: string, call: () => AsyncIterable<T>): AsyncGenerator<T> {
    const operation = history.begin(handle, op, undefined, detail);
    const named: unknown[] = [];
    let outcome = 'ok';
    let answer = 'left early';
    try {
      for await (const item of call()) {
        named.push(item);
        yield item;
      }
      answer = '';
    } catch (error) {
      outcome = outcomeOf(error);
      answer = showError(error);
      throw error;
    } finally {
      history.end(operation, outcome, `${showNamed(named)}${answer === '' ? '' : `, then ${answer}`}`);
    }
  }
  return {
    get [BACKEND]() {
      return store[BACKEND];
    },
    get capabilities() {
      return store.capabilities;
    },
    get closed() {
      return store.closed;
    },
    save: (state, options) =>
      run('save', state?.instanceId, `${showState(state)}${showOptions(options)}`, () => store.save(state, options)),
    load: (id, options) => run('load', id, short(id), () => store.load(id, options)),
    find: (id, options) => run('find', id, short(id), () => store.find(id, options)),
    head: (id, options) => run('head', id, short(id), () => store.head(id, options)),
    isCurrent: (id, revision, options) => run('isCurrent', id, short(id), () => store.isCurrent(id, revision, options)),
    update: (id, change, options) =>
      run('update', id, short(id), (operation) => store.update(id, watched(change, operation), options)),
    delete: (id, options) => run('delete', id, `${short(id)}${showOptions(options)}`, () => store.delete(id, options)),
    list: (options) => listing('list', '', () => store.list(options)),
    listByStatus: (status, options) =>
      listing('listByStatus', showJson(status), () => store.listByStatus(status, options)),
    listPage: (options) => run('listPage', undefined, showJson(options), () => store.listPage(options)),
    states: (options) => listing('states', showJson(options), () => store.states(options)),
    count: (kind, options) => run('count', undefined, kind ?? '', () => store.count(kind, options)),
    cleanup: (retention, options) =>
      run('cleanup', undefined, `${showJson(retention)}${showOptions(options)}`, () =>
        store.cleanup(retention, options),
      ),
    close: () => run('close', undefined, '', () => store.close()),
    [Symbol.asyncDispose]: () => run('close', undefined, '', () => store[Symbol.asyncDispose]()),
  };
}

/** A backend that does the same. `prefix`: of the names of its operations, where a store's are among them. */
export function recordBackend(
  backend: StateBackend,
  history: History,
  handle: string,
  prefix: '' | 'backend.' = '',
): StateBackend {
  return interpose(backend, {
    look: (next, op, id) => history.run(handle, `${prefix}${op}`, id, short(id), next),
    write: (next, record, expected) =>
      history.run(handle, `${prefix}write`, record.id, showWrite(record, expected), (operation) => {
        operation.nonce = record.revision.nonce;
        return next();
      }),
    async *scan(next, { status }) {
      const operation = history.begin(handle, `${prefix}scan`, undefined, status ?? '');
      const named: unknown[] = [];
      let outcome = 'ok';
      try {
        for await (const batch of next()) {
          named.push(...batch);
          yield batch;
        }
      } catch (error) {
        outcome = outcomeOf(error);
        throw error;
      } finally {
        history.end(operation, outcome, `${showNamed(named)}${outcome === 'ok' ? '' : `, then ${outcome}`}`);
      }
    },
  });
}

/** Faults between a store and its backend, told where they happen: the backend's own answers do not show them. */
export function tellFaults(between: Interposition, history: History): Interposition {
  const { look, write } = between;
  const told = async <T>(what: string, next: () => Promise<T>, fault: (next: () => Promise<T>) => Promise<T>) => {
    let reached = 'nothing' as 'nothing' | 'the backend' | 'its answer';
    try {
      return await fault(async () => {
        reached = 'the backend';
        const answer = await next();
        reached = 'its answer';
        return answer;
      });
    } catch (error) {
      // Of the errors that the backend itself has thrown, its own line tells.
      if (reached !== 'the backend')
        history.note(
          `${reached === 'nothing' ? `${what} is stopped` : `the answer of ${what} is lost`}: ${showError(error)}`,
        );
      throw error;
    }
  };
  return {
    ...between,
    ...(look !== undefined && {
      look: (next, op, id, call) => told(`that ${op}`, next, (inner) => look(inner, op, id, call)),
    }),
    ...(write !== undefined && {
      write: (next, record, expected, call) =>
        told('that write', next, (inner) => write(inner, record, expected, call)),
    }),
  };
}

function showWrite({ id, revision: { version, status, nonce } }: BackendRecord, expected: Expected): string {
  const over =
    expected === undefined
      ? 'nothing'
      : 'damaged' in expected
        ? 'damage'
        : `v${expected.version} ${nick(expected.nonce)}`;
  return `${short(id)} v${version} ${status} ${nick(nonce)} over ${over}`;
}

/** An update that changes nothing is a read. */
function watched(change: Change, operation: Operation): Change {
  if (typeof change !== 'function') return change;
  return async (state) => {
    const next = await change(state);
    operation.writes = next !== undefined && next !== state;
    return next;
  };
}

function observe(operation: Operation, result: unknown): void {
  if (result === undefined && ['find', 'head'].includes(operation.op)) operation.version = 0;
  if (typeof result !== 'object' || result === null || !('checkpointVersion' in result)) return;
  if (typeof result.checkpointVersion === 'number') operation.version = result.checkpointVersion;
  if (!('revision' in result) || typeof result.revision !== 'string') return;
  operation.revision = result.revision;
  const decoded = decodeRevision(result.revision);
  operation.nonce = decoded?.nonce ?? result.revision;
  operation.incarnation = decoded?.incarnation;
}

function outcomeOf(error: unknown): string {
  if (isStateStoreError(error)) return error.code;
  return isRevisionConflict(error) || isNotApplied(error) ? error.name : 'error';
}

export function showError(error: unknown): string {
  if (isStateStoreError(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : `thrown ${show(error)}`;
}

export function showAnswer(result: unknown): string {
  if (result === undefined) return 'undefined';
  if (typeof result === 'string') return result.length > 40 ? `${result.slice(0, 40)}…` : result;
  if (typeof result === 'boolean' || typeof result === 'number') return String(result);
  if (typeof result !== 'object' || result === null) return show(result);
  if ('checkpointVersion' in result) return showState(result);
  if ('envelope' in result && result.envelope instanceof Uint8Array) return `${result.envelope.length} bytes`;
  return showJson(result);
}

function showState(state: unknown): string {
  if (typeof state !== 'object' || state === null) return show(state);
  const { instanceId, checkpointVersion, status, revision } = state as Record<string, unknown>;
  const kind = typeof status === 'object' && status !== null && 'kind' in status ? status.kind : status;
  const nonce = typeof revision === 'string' ? ` ${showRevision(revision)}` : '';
  return `${short(instanceId)} v${String(checkpointVersion)} ${String(kind)}${nonce}`;
}

function showOptions(options: object | undefined): string {
  const given = Object.entries(options ?? {}).filter(([name]) => name !== 'signal');
  if (given.length === 0) return '';
  return `, ${showJson(Object.fromEntries(given.map(([name, value]: [string, unknown]) => [name, name === 'revision' && typeof value === 'string' ? showRevision(value) : value])))}`;
}

/** How many instances a listing has named, and a few of them. */
function showNamed(items: readonly unknown[]): string {
  const some = items.slice(0, 3).map((item) => {
    if (typeof item !== 'object' || item === null) return short(item);
    return short('id' in item ? item.id : 'instanceId' in item ? item.instanceId : item);
  });
  return `${items.length} named${some.length === 0 ? '' : `: ${some.join(', ')}${items.length > 3 ? ', …' : ''}`}`;
}

/** A write by the first digits of its nonce, which tell it from all others that a message shows. */
function nick(nonce: string): string {
  return nonce.slice(0, 6);
}

function showRevision(revision: string): string {
  return nick(decodeRevision(revision)?.nonce ?? revision);
}

function showJson(value: unknown): string {
  if (value === undefined) return '';
  try {
    const text = JSON.stringify(value, (_, part: unknown) =>
      part instanceof Uint8Array ? show(part) : typeof part === 'bigint' ? `${part}n` : part,
    );
    return text === undefined ? show(value) : text.length > 160 ? `${text.slice(0, 160)}…` : text;
  } catch {
    return show(value);
  }
}

function short(id: unknown): string {
  return typeof id === 'string' ? id.slice(0, 8) : show(id);
}
