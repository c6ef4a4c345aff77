// How long one operation may go on sending.
//
// Removing evidence (tombstones, markers of creates) is safe only because whoever could still need it has given up by
// then. So an operation sends nothing once 15 minutes have passed since it began: on the wall clock, because the other
// one stands still while a process is frozen, and on the monotonic clock, because the wall clock may be set back. The
// server refuses a signature some 15 minutes after its date, which ends whatever is still on its way. A day, the least
// grace of a tombstone, leaves a wide margin for both.

const LIMIT = 15 * 60_000;

export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';

  constructor() {
    super('the operation is older than 15 minutes; nothing more of it may be sent');
  }
}

/** One call of the backend: all its requests share a deadline and a signal. */
export class Operation {
  readonly signal: AbortSignal | undefined;
  readonly #wall = Date.now();
  readonly #monotonic = performance.now();

  constructor(signal?: AbortSignal) {
    this.signal = signal;
  }

  /** Whether the caller has given up. */
  get aborted(): boolean {
    return this.signal?.aborted === true;
  }

  get overdue(): boolean {
    return Date.now() - this.#wall >= LIMIT || performance.now() - this.#monotonic >= LIMIT;
  }

  /** Waits up to `50 · 2^attempt` ms, at most 2 s, with full jitter. @throws the signal's reason. */
  async backoff(attempt: number): Promise<void> {
    const { signal } = this;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, Math.random() * Math.min(2000, 50 * 2 ** attempt));
      signal?.addEventListener('abort', done);
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
    });
    signal?.throwIfAborted();
  }
}
