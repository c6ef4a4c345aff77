// `npm run demo`. Exit code 0: everything survived that should; 1: it did not; 2: a mistake in the command line.

import { isStateStoreError } from '@workflow-state/core';
import { HELP, parseArguments, UsageError } from './arguments.js';
import { demo } from './demo.js';
import { openDisplay } from './display.js';
import { DemoFailure } from './failure.js';

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort(signal));

try {
  const args = parseArguments(process.argv.slice(2));
  if (args.help) console.log(HELP);
  else await demo(args, { display: openDisplay(process.stdout), signal: stopped.signal });
} catch (error) {
  if (stopped.signal.aborted) console.error(`stopped by ${stopped.signal.reason}`);
  else console.error(explain(error));
  process.exitCode = stopped.signal.aborted ? 130 : isMistake(error) ? 2 : 1;
}

function isMistake(error: unknown): boolean {
  return error instanceof UsageError || (isStateStoreError(error) && error.code === 'INVALID_ARGUMENT');
}

function explain(error: unknown): string {
  if (error instanceof DemoFailure) return `FAILED: ${error.message}`;
  if (error instanceof UsageError) return error.message;
  if (isStateStoreError(error)) return [error.message, ...error.recoveryHints].join('; ');
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
