// One read that several callers wait for. Each may give up by itself: the others still get the answer, and only when the
// last one has given up is the read itself aborted.

export class SharedRead<T> {
  readonly #result: Promise<T>;
  readonly #controller: AbortController | undefined;
  #waiting = 0;

  /** `abortable`: the first caller may give up. Where it cannot, nobody can abort the read, so nothing is needed for that. */
  constructor(read: (signal: AbortSignal | undefined) => Promise<T>, abortable: boolean) {
    this.#controller = abortable ? new AbortController() : undefined;
    this.#result = read(this.#controller?.signal);
    // Its callers may all be gone by the time it fails.
    this.#result.catch(() => undefined);
  }

  /** Everybody gave up: it will end as aborted, and nobody may join it. */
  get abandoned(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  /** Resolves once it has ended, well or not. */
  ended(): Promise<unknown> {
    return this.#result.catch(() => undefined);
  }

  /** @throws what the read throws, or `signal.reason`. */
  async wait(signal: AbortSignal | undefined): Promise<T> {
    this.#waiting++;
    if (signal === undefined) return this.#result;
    let giveUp: (() => void) | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = () => {
        if (--this.#waiting === 0) this.#controller?.abort(signal.reason);
        // The reason of an abort is passed on as it is, whatever it is.
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([this.#result, givenUp]);
    } finally {
      if (giveUp !== undefined) signal.removeEventListener('abort', giveUp);
    }
  }
}
