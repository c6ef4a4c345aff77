// Bounded parallel work over a stream, answered in its order.

/** Milliseconds. A backend may answer without any: then no signal, no timer and nobody else would ever be heard. */
const WITHOUT_A_TURN = 25;

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
  let turned = performance.now();
  try {
    all: for await (const batch of batches) {
      for (const item of batch) {
        if (underWay.length >= width) yield await (underWay.shift() as Promise<Result>);
        if (performance.now() - turned > WITHOUT_A_TURN) {
          await new Promise<void>((resolve) => setTimeout(resolve, 0));
          turned = performance.now();
        }
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
