// How the command ends.

/** Exit codes, as the README documents them. */
export const EXIT = {
  /** Done, and nothing is wrong. */
  ok: 0,
  /** Done as far as it went: something is missing, damaged, or could not be done. The output says what. */
  problems: 1,
  /** Not begun: a mistake in the command line, or a store that cannot be opened. */
  usage: 2,
  /** Ctrl-C: 128 and the number of the signal, as shells have it. */
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A mistake of whoever typed the command, with what to do about it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** The reason of an abort: the user, or whoever manages this process, wants it to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: ExitCode;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`);
    this.exitCode = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
  }
}

/** The reason of an abort: whoever read our output has had enough, as `head` has. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}
