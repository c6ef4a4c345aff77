import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { SharedRead } from '../src/shared-read.js';

/** A read that ends when told. */
function started(abortable = true) {
  let heard: AbortSignal | undefined;
  let end!: (value: string) => void;
  const shared = new SharedRead((signal) => {
    heard = signal;
    return new Promise<string>((resolve) => (end = resolve));
  }, abortable);
  return { shared, end: (value: string) => end(value), signal: () => heard };
}

it('gives up only once all who may have given up, and tells the read why', async () => {
  const { shared, signal } = started();
  const [one, two] = [new AbortController(), new AbortController()];
  const waits = [shared.wait(one.signal), shared.wait(two.signal)];
  one.abort('one');
  await expect(waits[0]).rejects.toBe('one');
  expect([shared.abandoned, signal()?.aborted]).toEqual([false, false]);
  two.abort('two');
  await expect(waits[1]).rejects.toBe('two');
  expect([shared.abandoned, signal()?.reason]).toEqual([true, 'two']);
});

it('goes on for one who cannot give up', async () => {
  const { shared, end } = started();
  const one = new AbortController();
  const [giving, staying] = [shared.wait(one.signal), shared.wait(undefined)];
  one.abort('one');
  await expect(giving).rejects.toBe('one');
  end('read');
  expect([await staying, shared.abandoned]).toEqual(['read', false]);
});

it('that nobody can abort is left by who gives up, and goes on', async () => {
  const { shared, end, signal } = started(false);
  const one = new AbortController();
  const giving = shared.wait(one.signal);
  one.abort('one');
  await expect(giving).rejects.toBe('one');
  expect([signal(), shared.abandoned]).toEqual([undefined, false]);
  end('read');
  expect(await shared.wait(undefined)).toBe('read');
});

it('leaves no listener with the signals of those it has answered', async () => {
  const { shared, end } = started();
  const { signal } = new AbortController();
  const waits = [shared.wait(signal), shared.wait(signal)];
  expect(getEventListeners(signal, 'abort')).toHaveLength(2);
  end('read');
  expect(await Promise.all(waits)).toEqual(['read', 'read']);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
