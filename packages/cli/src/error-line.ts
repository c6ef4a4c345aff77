// What is said of a failure: one line, which names what is wrong and how to mend it.

import { isStateStoreError } from '@workflow-state/core';
import { CommanderError } from 'commander';
import { EXIT, type ExitCode, Interrupted, OutputClosed, UsageError } from './exit.js';
import { NoInstance } from './instance.js';

export interface Failure {
  readonly exitCode: ExitCode;
  /** Nothing where nothing need be said. */
  readonly line?: string;
}

/** `opened`: whether the work had begun. */
export function failureOf(error: unknown): Failure {
  if (error instanceof OutputClosed) return { exitCode: EXIT.ok };
  if (error instanceof Interrupted) return { exitCode: error.exitCode };
  if (error instanceof NoInstance) return { exitCode: error.exitCode, line: error.message };
  if (error instanceof UsageError) return { exitCode: EXIT.usage, line: withRemedy(error.message, error.remedy) };
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.usage };
  if (!isStateStoreError(error)) {
    const line = error instanceof Error ? error.message : String(error);
    return { exitCode: EXIT.usage, line: withRemedy(line, 'run it again with --debug to see where') };
  }
  const { code, message, recoveryHints } = error;
  return {
    exitCode: code === 'STATE_NOT_FOUND' || code === 'DESERIALIZATION_ERROR' ? EXIT.problems : EXIT.usage,
    line: withRemedy(message, recoveryHints[0]),
  };
}

/** Of an error that does not end the command. */
export function shortly(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

function withRemedy(message: string, remedy: string | undefined): string {
  const line = oneLine(message);
  return remedy === undefined ? line : `${line}; ${oneLine(remedy)}`;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
