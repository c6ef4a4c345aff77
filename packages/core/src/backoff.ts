// Waiting between attempts: exponential, with full jitter, so that rivals do not meet again in step.

/** Waits up to `base · 2^attempt` milliseconds, at most `most`; rejects with the signal's reason when aborted. */
export function backoff(attempt: number, base: number, most: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, Math.random() * Math.min(most, base * 2 ** attempt));
    signal?.addEventListener('abort', done);

    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve();
    }
  });
}
