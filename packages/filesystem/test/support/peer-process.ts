// The far end of `forkPeer`: a backend whose calls come as messages.

import { isNotApplied, isRevisionConflict, isStateStoreError, type ScanEntry } from '@workflow-state/core/backend';
import { fileSystemBackend } from '../../src/filesystem-backend.js';
import type { Answer, Failure, Question } from './peer.js';

const backend = fileSystemBackend(JSON.parse(process.argv[2] ?? ''));
const aborts = new Map<number, AbortController>();

process.on('message', (question: Question) => {
  if (question.method === 'abort') return aborts.get(question.call)?.abort(new Error('aborted'));
  const abort = new AbortController();
  aborts.set(question.call, abort);
  void perform(question, abort.signal)
    .then(
      (value): Answer => ({ call: question.call, value }),
      (error: unknown): Answer => ({ call: question.call, failure: failureOf(error) }),
    )
    .then((answer) => {
      aborts.delete(question.call);
      process.send?.(answer);
    });
});
process.on('disconnect', () => process.exit());

async function perform({ method, args }: Question, signal: AbortSignal): Promise<unknown> {
  if (method !== 'scan') return (backend[method as 'read'] as (...args: unknown[]) => Promise<unknown>)(...args, { signal });
  const batches: (readonly ScanEntry[])[] = [];
  for await (const batch of backend.scan(args[0] as never, { signal })) batches.push(batch);
  return batches;
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (isRevisionConflict(error)) return { kind: 'conflict', message };
  if (isNotApplied(error)) return { kind: 'notApplied', message, comeAgain: error.comeAgain, cause: failureOf(error.cause) };
  if (isStateStoreError(error)) {
    return { kind: 'error', message, code: error.code, instanceId: error.instanceId, retryable: error.retryable, recoveryHints: error.recoveryHints };
  }
  return { kind: 'other', message };
}
