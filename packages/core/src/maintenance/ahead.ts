// Bounded parallel work over a stream, answered in its order.

/**
 * What `work` makes of each item, `width` of them under way at a time. After an abort no further item is begun; those
 * under way come to their end and are answered, and then the iteration throws the signal's reason. Left early, it waits
 * for what is under way as well.
 */
export async function* ahead<T, Result>(
  batches: AsyncIterable<readonly T[]>,
  width: number,
  work: (item: T) => Promise<Result>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  try {
    all: for await (const batch of batches) {
      for (const item of batch) {
        if (underWay.length >= width) yield await (underWay.shift() as Promise<Result>);
        if (signal?.aborted === true) break all;
        const begun = work(item);
        begun.catch(() => undefined); // Awaited in its turn.
        underWay.push(begun);
      }
    }
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) yield await next;
    signal?.throwIfAborted();
  } finally {
    await Promise.allSettled(underWay);
  }
}
