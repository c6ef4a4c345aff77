// A backend in another process, as the hook `peerProcess` needs it. In the child:
//
//   import { serveBackend } from '@workflow-state/core/conformance';
//   serveBackend(process, fileSystemBackend({ directory: process.argv[2] }));
//
// and in the harness:
//
//   peerProcess: ({ directory }) => forkBackend(new URL('./child.mjs', import.meta.url), [directory]),
//
// The store stays on this side: what crosses is the StateBackend, call by call. So each process runs its own backend
// over the one location, and the suite sees and orders all calls.

import { fork } from 'node:child_process';
import { isStateStoreError, StateStoreError, type StateStoreErrorCode } from '../errors.js';
import {
  type BackendCapabilities,
  isNotApplied,
  isRevisionConflict,
  NotApplied,
  RevisionConflict,
  type ScanEntry,
  type StateBackend,
  type Stored,
} from '../state-backend.js';
import type { ProcessHandle } from './harness.js';

/** One end of a channel that clones `Uint8Array`s: a `MessagePort`, a `Worker`, or `process` of a fork with `serialization: 'advanced'`. */
export type Channel = {
  on(event: string, listener: (message: unknown) => void): unknown;
  postMessage?(message: unknown): void;
  send?(message: unknown): unknown;
};

type Op = 'open' | 'read' | 'head' | 'isCurrent' | 'write' | 'sweep' | 'close' | 'scan' | 'next' | 'return';

type Request =
  | { readonly call: number; readonly op: Op; readonly args: readonly unknown[] }
  | { readonly abort: number; readonly reason: string };

type Reply =
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly error: WireError }
  | { readonly hello: Hello };

interface Hello {
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  readonly methods: readonly string[];
}

interface WireError {
  readonly type: 'conflict' | 'notApplied' | 'store' | 'other';
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly retryable?: boolean | undefined;
  readonly recoveryHints?: readonly string[] | undefined;
  readonly comeAgain?: NotApplied['comeAgain'];
  readonly cause?: WireError | undefined;
}

const OPTIONAL = ['open', 'head', 'isCurrent', 'sweep', 'close'] as const;

/** Answers for `backend` on `channel`, until the channel is gone. */
export function serveBackend(channel: Channel, backend: StateBackend): void {
  const running = new Map<number, AbortController>();
  const scans = new Map<number, AsyncIterator<readonly ScanEntry[]>>();

  const answer = async (
    op: Op,
    call: number,
    [first, second]: readonly unknown[],
    signal: AbortSignal,
  ): Promise<unknown> => {
    const arg = first as never;
    switch (op) {
      case 'scan':
        scans.set(call, backend.scan(arg, { signal })[Symbol.asyncIterator]());
        return undefined;
      case 'next':
        return scans.get(arg)?.next();
      case 'return':
        await scans.get(arg)?.return?.();
        scans.delete(arg);
        running.delete(arg);
        return undefined;
      case 'isCurrent':
        return backend.isCurrent?.(arg, second as never, { signal });
      case 'write':
        return backend.write(arg, second as never, { signal });
      case 'open':
        return backend.open?.({ signal });
      case 'close':
        return backend.close?.();
      case 'sweep':
        return backend.sweep?.(arg, { signal, now: second as number | undefined });
      case 'read':
      case 'head':
        return backend[op]?.(arg, { signal });
    }
  };

  channel.on('message', (message) => {
    const request = message as Request;
    if ('abort' in request) {
      running.get(request.abort)?.abort(new Error(request.reason));
      return;
    }
    const { call, op, args } = request;
    const controller = new AbortController();
    running.set(call, controller);
    answer(op, call, args, controller.signal)
      .then(
        (result) => post(channel, { call, result }),
        (error: unknown) => post(channel, { call, error: toWire(error) }),
      )
      .finally(() => {
        // A scan goes on after it has begun, under the signal that it began with.
        if (op !== 'scan') running.delete(call);
      });
  });
  const methods = OPTIONAL.filter((name) => backend[name] !== undefined);
  post(channel, { hello: { name: backend.name, capabilities: { ...backend.capabilities }, methods } });
}

/** The backend that is served at the other end. Once the channel is gone, every call rejects: what it has done is not known. */
export async function connectBackend(channel: Channel): Promise<StateBackend> {
  const pending = new Map<
    number,
    { readonly resolve: (result: unknown) => void; readonly reject: (error: unknown) => void }
  >();
  let gone: Error | undefined;
  let calls = 0;

  const ask = <T>(op: Op, args: readonly unknown[], signal?: AbortSignal): Promise<T> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(gone);
      const call = calls++;
      const abort = (): void => post(channel, { abort: call, reason: String(signal?.reason) });
      const settled = (): void => {
        pending.delete(call);
        if (op !== 'scan') signal?.removeEventListener('abort', abort);
      };
      pending.set(call, {
        resolve: (result) => {
          settled();
          resolve((op === 'scan' ? call : result) as T);
        },
        reject: (error) => {
          settled();
          reject(error as Error);
        },
      });
      try {
        post(channel, { call, op, args });
      } catch (error) {
        pending.get(call)?.reject(error);
      }
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort);
    });

  const { name, capabilities, methods } = await new Promise<Hello>((resolve, reject) => {
    channel.on('message', (message) => {
      const reply = message as Reply;
      if ('hello' in reply) resolve(reply.hello);
      else if ('error' in reply) pending.get(reply.call)?.reject(fromWire(reply.error));
      else pending.get(reply.call)?.resolve(reply.result);
    });
    for (const end of ['exit', 'close', 'disconnect', 'error']) {
      channel.on(end, (reason) => {
        gone ??= new Error(
          `the process with the backend is gone (${end}${reason instanceof Error ? `: ${reason.message}` : ''})`,
        );
        reject(gone);
        for (const call of pending.keys()) pending.get(call)?.reject(gone);
      });
    }
  });

  const has = (method: string): boolean => methods.includes(method);
  return {
    name,
    capabilities,
    ...(has('open') && { open: ({ signal }) => ask('open', [], signal) }),
    read: async (id, { signal }) => own(await ask('read', [id], signal)),
    ...(has('head') && { head: async (id, { signal }) => own(await ask('head', [id], signal)) }),
    ...(has('isCurrent') && { isCurrent: (id, revision, { signal }) => ask('isCurrent', [id, revision], signal) }),
    // `onto` is a function, which no channel carries: a create over a tombstone goes through core instead.
    write: ({ id, revision, updatedAt, envelope }, expected, { signal }) =>
      ask('write', [{ id, revision, updatedAt, envelope }, expected], signal),
    async *scan(query, { signal }) {
      const scan = await ask<number>('scan', [query], signal);
      try {
        for (;;) {
          const step = await ask<IteratorResult<readonly ScanEntry[]>>('next', [scan]);
          if (step.done === true) return;
          yield step.value;
        }
      } finally {
        if (gone === undefined) await ask('return', [scan]);
      }
    },
    ...(has('sweep') && { sweep: (olderThan, { signal, now }) => ask('sweep', [olderThan, now], signal) }),
    close: () => (has('close') && gone === undefined ? ask('close', []) : Promise.resolve()),
  } satisfies StateBackend;
}

/** Starts `module` in a process of its own, which has to call `serveBackend(process, …)`, and connects to it. */
export async function forkBackend(
  module: string | URL,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Promise<ProcessHandle> {
  const child = fork(module, args, { execArgv: [...execArgv], serialization: 'advanced' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = (): Promise<void> => {
    child.kill('SIGKILL');
    return exited;
  };
  try {
    return { backend: await connectBackend(child as Channel), kill, dispose: kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Messages that arrive together share one buffer; what a backend returns shares none. */
function own(stored: Stored | undefined): Stored | undefined {
  return stored && { ...stored, envelope: new Uint8Array(stored.envelope) };
}

function post(channel: Channel, message: Request | Reply): void {
  if (channel.postMessage !== undefined) channel.postMessage(message);
  else channel.send?.(message);
}

function toWire(thrown: unknown): WireError {
  const error = thrown;
  if (!(error instanceof Error)) return { type: 'other', name: 'Error', message: String(error) };
  const { name, message } = error;
  const plain = { name, message, cause: error.cause === undefined ? undefined : toWire(error.cause) };
  if (isNotApplied(thrown)) return { ...plain, type: 'notApplied', comeAgain: thrown.comeAgain };
  if (isStateStoreError(thrown)) {
    const { code, retryable, recoveryHints } = thrown;
    return { ...plain, type: 'store', code, retryable, recoveryHints };
  }
  if (isRevisionConflict(thrown)) return { ...plain, type: 'conflict' };
  return { ...plain, type: 'other', ...('code' in error && { code: String(error.code) }) };
}

function fromWire({ type, name, message, code, cause, comeAgain, retryable, recoveryHints }: WireError): Error {
  const options = cause === undefined ? {} : { cause: fromWire(cause) };
  switch (type) {
    case 'conflict':
      return new RevisionConflict(message, options);
    case 'notApplied':
      return new NotApplied(options.cause ?? new Error(message), { comeAgain });
    case 'store':
      return new StateStoreError(code as StateStoreErrorCode, message, { ...options, retryable, recoveryHints });
    case 'other':
      return Object.assign(new Error(message, options), { name, ...(code !== undefined && { code }) });
  }
}
