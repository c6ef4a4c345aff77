/** The bytes are not an envelope of format 1: damaged (`corrupt`), or written by a later library (`unsupported`). */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError';
  readonly reason: 'corrupt' | 'unsupported';
  /** Of the first byte that is wrong, or of the field that is. */
  readonly offset: number;

  constructor(reason: 'corrupt' | 'unsupported', offset: number, message: string) {
    super(`byte ${offset}: ${message}`);
    this.reason = reason;
    this.offset = offset;
  }
}

export function corrupt(offset: number, message: string): EnvelopeError {
  return new EnvelopeError('corrupt', offset, message);
}
