// From batches to items. By hand, because a step of an asynchronous generator for each item would cost more than the
// directory or page that it came from.

/**
 * The items of all batches, one by one, `pick` applied to each. `check` is asked before each item but the first of a
 * batch; what it throws is thrown into `batches`, and so out of it. Steps that are asked for while earlier ones have no
 * answer yet are answered in their order, as those of a generator are.
 */
export function itemsOf<Item, T>(
  batches: AsyncGenerator<readonly Item[], void>,
  pick: (item: Item) => T,
  check: () => void = () => undefined,
): AsyncIterableIterator<T, void> {
  let batch: readonly Item[] = [];
  let at = 0;
  /** The last step that has no answer yet. */
  let pending: Promise<unknown> | undefined;

  const isLeft = (): boolean => at < batch.length;
  const step = (): IteratorResult<T, void> => ({ done: false, value: pick(batch[at++] as Item) });

  async function advance(): Promise<IteratorResult<T, void>> {
    while (!isLeft()) {
      const next = await batches.next();
      if (next.done === true) return next;
      [batch, at] = [next.value, 0];
    }
    return step();
  }

  function inOrder<R>(work: () => Promise<R>): Promise<R> {
    const answer = pending === undefined ? work() : pending.then(work, work);
    pending = answer;
    const answered = (): void => {
      if (pending === answer) pending = undefined;
    };
    answer.then(answered, answered);
    return answer;
  }

  const end = <R>(how: () => Promise<R>): Promise<R> =>
    inOrder(() => {
      batch = [];
      return how();
    });

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      try {
        if (isLeft()) check();
      } catch (error) {
        return end(() => batches.throw(error) as Promise<IteratorResult<T, void>>);
      }
      return pending === undefined && isLeft() ? Promise.resolve(step()) : inOrder(advance);
    },
    return: () => end(() => batches.return() as Promise<IteratorResult<T, void>>),
  };
}
