// One life of a worker: a process of its own, from its start to its exit.

import { type ChildProcess, fork } from 'node:child_process';
import { on } from 'node:events';
import type { WorkerMessage } from './messages.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs a worker, hands over its messages in order, and resolves with how it ended. It never outlives this call. */
export async function live(
  entry: URL,
  args: readonly string[],
  signal: AbortSignal,
  hear: (message: WorkerMessage, child: ChildProcess) => void,
): Promise<Exit> {
  const child = fork(entry, args, { execArgv: [], signal, killSignal: 'SIGKILL' });
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, by) => resolve({ code, signal: by })));
  try {
    for await (const [message] of on(child, 'message', { close: ['disconnect'] }))
      hear(message as WorkerMessage, child);
    return await exited;
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}
