#!/usr/bin/env node
// The binary: signals, streams, and how it ends.

import { CommanderError } from 'commander';
import { failureOf } from './error-line.js';
import { type ExitCode, Interrupted, OutputClosed } from './exit.js';
import { programOf } from './program.js';
import { say, styled } from './terminal.js';

const stop = new AbortController();
const debug = process.argv.includes('--debug');

// The first asks for an end, the second does not wait for it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    const reason = new Interrupted(signal);
    if (stop.signal.aborted) process.exit(reason.exitCode);
    stop.abort(reason);
  });
}

// `| head` has had enough. Not an error, and nobody is there to be told.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stop.abort(new OutputClosed());
  });
}

// Our own warnings are for users; those of Node.js and of libraries are for whoever debugs.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name === 'WorkflowStateWarning')
    say(`${styled('yellow', 'warning', process.stderr)}  ${warning.message}`);
  else if (debug) say(`${warning.name}: ${warning.message}`);
});

let exitCode: ExitCode = 0;
try {
  await programOf(stop.signal, (code) => (exitCode = code)).parseAsync();
} catch (thrown) {
  // What a call rejects with when it is given up may be an error about that.
  const error: unknown = stop.signal.aborted ? stop.signal.reason : thrown;
  const failure = failureOf(error);
  exitCode = failure.exitCode;
  const line = error instanceof CommanderError && exitCode !== 0 ? usage(error) : failure.line;
  if (line !== undefined) say(`${styled('red', 'workflow-state', process.stderr)}: ${line}`);
  if (debug && line !== undefined) console.error(error);
}
// Nothing is left to do: a socket that a library keeps open must not keep the shell waiting.
process.exitCode = exitCode;

function usage({ message }: CommanderError): string {
  const line = message
    .replace(/^error: /, '')
    .replace('command-argument value', 'argument')
    .replace(/ is invalid(?: for argument '\w+')?\. /, ': ')
    .replace(/\s*\n\s*/g, ' ');
  return `${line}; see workflow-state --help`;
}
