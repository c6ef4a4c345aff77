import { getEventListeners } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { backoff } from '../src/backoff.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it.each([
  [1, 10, 1000, 20],
  [4, 10, 1000, 160],
  [20, 10, 1000, 1000],
])(
  'before attempt %i waits at most what doubles from %i ms, and never more than %i ms',
  async (attempt, base, most, wait) => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
    let over = false;
    const waiting = backoff(attempt, base, most).then(() => (over = true));
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toBe(true);
    await waiting;
  },
);

it('ends at once, with the reason, when the caller gives up, and leaves no timer', async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const controller = new AbortController();
  const waiting = backoff(5, 1000, 60_000, controller.signal);
  const reason = new Error('given up');
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
});

it('leaves no listener with the signal of a caller who goes on', async () => {
  const { signal } = new AbortController();
  await backoff(0, 0, 0, signal);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
