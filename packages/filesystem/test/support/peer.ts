// A handle whose backend runs in another process.

import type { ProcessHandle } from '@workflow-state/core/conformance';
import { type BackendCall, type ComeAgain, NotApplied, RevisionConflict, type ScanEntry, StateStoreError } from '@workflow-state/core/backend';
import type { StateStoreErrorCode } from '@workflow-state/core';
import { fileSystemBackend, type FileSystemBackendOptions } from '../../src/filesystem-backend.js';
import { forkEntry, killed } from './fork.js';

export interface Question {
  readonly call: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface Failure {
  readonly kind: 'conflict' | 'notApplied' | 'error' | 'other';
  readonly message: string;
  readonly comeAgain?: ComeAgain | undefined;
  readonly cause?: Failure;
  readonly code?: StateStoreErrorCode;
  readonly instanceId?: string | undefined;
  readonly retryable?: boolean;
  readonly recoveryHints?: readonly string[];
}

export type Answer = { readonly call: number; readonly value?: unknown; readonly failure?: Failure };

export async function forkPeer(options: FileSystemBackendOptions): Promise<ProcessHandle> {
  const child = await forkEntry('peer-process', [JSON.stringify(options)]);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let last = 0;
  child.on('message', ({ call, value, failure }: Answer) => {
    const waiter = waiting.get(call);
    waiting.delete(call);
    if (failure === undefined) waiter?.resolve(value);
    else waiter?.reject(errorOf(failure));
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the process has ended'));
    waiting.clear();
  });

  const ask = (method: string, args: readonly unknown[], { signal }: BackendCall = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const call = ++last;
      waiting.set(call, { resolve, reject });
      if (!child.connected) return reject(new Error('the process has ended'));
      child.send({ call, method, args } satisfies Question);
      if (signal?.aborted === true) child.send({ call, method: 'abort', args: [] });
      signal?.addEventListener('abort', () => child.connected && child.send({ call, method: 'abort', args: [] }), { once: true });
    });

  const { name, capabilities } = fileSystemBackend(options);
  return {
    backend: {
      name,
      capabilities,
      open: (call) => ask('open', [], call) as Promise<void>,
      read: (id, call) => ask('read', [id], call) as never,
      head: (id, call) => ask('head', [id], call) as never,
      isCurrent: (id, revision, call) => ask('isCurrent', [id, revision], call) as never,
      // A function is no message, and this backend has no use for it.
      write: ({ onto: _, ...record }, expected, call) => ask('write', [record, expected], call) as never,
      async *scan(query, call) {
        yield* (await ask('scan', [query], call)) as (readonly ScanEntry[])[];
      },
      sweep: (olderThan, call) => ask('sweep', [olderThan], call) as never,
      close: () => ask('close', []) as Promise<void>,
    },
    kill: () => killed(child),
    dispose: () => killed(child),
  };
}

function errorOf({ kind, message, comeAgain, cause, code = 'STORAGE_ERROR', ...rest }: Failure): unknown {
  switch (kind) {
    case 'conflict':
      return new RevisionConflict(message);
    case 'notApplied':
      return new NotApplied(cause === undefined ? new Error(message) : errorOf(cause), { comeAgain });
    case 'error':
      return new StateStoreError(code, message, rest);
    case 'other':
      return new Error(message);
  }
}
