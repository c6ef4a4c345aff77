import { openStateStore, openStateStoreFromUrl, parseStoreUrl } from '@workflow-state/core';
import { fileScheme } from '@workflow-state/filesystem';
import { memoryBackend, memoryScheme } from '@workflow-state/memory';
import { s3Scheme } from '@workflow-state/s3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type CachedStateStore, lruScheme, withLruCache } from '../src/index.js';
import { stateOf } from './support/controlled-store.js';

describe('options', () => {
  it.each([
    [undefined, 'options: expected such as { max'],
    [null, "options: expected such as { max: 1000, revalidate: 'always' }, got null"],
    [{ max: {}, revalidate: 'always' }, 'got an object'],
    [{ max: null, revalidate: 'always' }, 'got null'],
    [{ max: () => 5, revalidate: 'always' }, 'got a function'],
    [{ max: 1, revalidate: 'x'.repeat(200) }, new RegExp(`got "x{60}"$`)],
    [{ max: 1, revalidate: 'always', ttl: 2 ** 53 }, 'options.ttl'],
    [{ revalidate: 'always' }, 'at least one bound'],
    [{ max: 0, revalidate: 'always' }, 'options.max: expected an integer from 1 to 16777216, got 0'],
    [{ max: -1, revalidate: 'always' }, 'options.max'],
    [{ max: 1.5, revalidate: 'always' }, 'options.max'],
    [{ max: Number.NaN, revalidate: 'always' }, 'options.max'],
    [{ max: Infinity, revalidate: 'always' }, 'options.max'],
    [{ max: '10', revalidate: 'always' }, 'options.max: expected an integer from 1 to 16777216, got "10"'],
    [{ max: 1e9, revalidate: 'always' }, 'options.max'],
    [{ maxSize: 0, revalidate: 'always' }, 'options.maxSize: expected a whole number of bytes, at least 1, got 0'],
    [{ maxSize: Infinity, revalidate: 'always' }, 'options.maxSize'],
    [{ max: 1, ttl: 0, revalidate: 'always' }, 'options.ttl: expected whole milliseconds, at least 1, got 0'],
    [{ max: 1, ttl: -5, revalidate: 'always' }, 'options.ttl'],
    [{ max: 1 }, "options.revalidate: expected 'always' (ask the store at every hit) or 'never'"],
    [{ max: 1, revalidate: true }, 'options.revalidate'],
    [{ max: 1, revalidate: 'always', cacheAbsence: true }, 'options.cacheAbsence: expected false with revalidate'],
    [{ max: 1, revalidate: 'never', cacheAbsence: 'yes' }, 'options.cacheAbsence: expected true or false'],
    [{ max: 1, revalidate: 'never', share: 'all' }, "options.share: expected 'bytes', or nothing"],
    [{ max: 1, revalidate: 'never', clock: 5 }, 'options.clock: expected a function that returns milliseconds, got 5'],
    [{ max: 1, revalidate: 'never', maxAge: 5 }, 'options.maxAge: expected no such option (known: max, maxSize, ttl'],
  ])('%j is refused, with what would be right', async (options, message) => {
    const inner = await openStateStore(memoryBackend());
    const wrap = (): unknown => withLruCache(inner, options as never);
    expect(wrap).toThrow(message);
    expect(wrap).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('that are undefined are not given', async () => {
    const inner = await openStateStore(memoryBackend());
    const options = { max: 1, revalidate: 'always', ttl: undefined, share: undefined, maxAge: undefined } as const;
    expect(withLruCache(inner, options).capabilities.reads).toBe('latest');
    withLruCache(inner, { max: 1, revalidate: 'always', ttl: Number.MAX_SAFE_INTEGER });
  });

  it('what is no store is refused, a promise of one and a backend included', () => {
    const options = { max: 1, revalidate: 'always' } as const;
    expect(() => withLruCache(openStateStore(memoryBackend()) as never, options)).toThrow(
      'store: expected a StateStore (await openStateStore(backend)), got a promise',
    );
    expect(() => withLruCache(memoryBackend() as never, options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    for (const other of [undefined, { load: () => undefined }, { isCurrent: () => true }])
      expect(() => withLruCache(other as never, options)).toThrow('store: expected a StateStore');
  });

  it('a closed store is refused', async () => {
    const inner = await openStateStore(memoryBackend());
    await inner.close();
    expect(() => withLruCache(inner, { max: 1, revalidate: 'always' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'store: expected an open StateStore, got one that was closed',
        recoveryHints: [
          'wrap a store right after opening it',
          'close the wrapper, which closes the store, and only once',
        ],
      }),
    );
  });
});

describe('URLs', () => {
  const opened: string[] = [];
  const file = {
    scheme: 'file',
    open: async (url: { location: string; parameters: URLSearchParams }) => {
      opened.push(`${url.location}?${url.parameters.toString()}`);
      return openStateStore(memoryBackend());
    },
  };
  const open = (url: string) => openStateStoreFromUrl(url, { schemes: [lruScheme, memoryScheme, file] });

  it('open the store inside, and put the cache around it', async () => {
    const store = await open(
      'lru+memory:?lru.max=5&lru.revalidate=never&lru.ttl=1000&lru.share=bytes&lru.cacheAbsence=true&lru.maxSize=100000',
    );
    expect(store.capabilities.reads).toBe('may-be-stale');
    expect((await open('lru+memory:?lru.max=5&lru.revalidate=always')).capabilities.reads).toBe('latest');
  });

  it.each([
    ['', true],
    ['&lru.cacheAbsence=false', true],
    ['&lru.cacheAbsence=true', false],
  ])('remember what is not there only where they say so (%s)', async (parameter, asksAgain) => {
    const inner = await openStateStore(memoryBackend());
    const find = vi.spyOn(inner, 'find');
    const scheme = { scheme: 'one', open: async () => inner };
    const url = `lru+one:?lru.max=5&lru.revalidate=never${parameter}`;
    const store = await openStateStoreFromUrl(url, { schemes: [lruScheme, scheme] });
    const { instanceId } = stateOf();
    for (let n = 0; n < 2; n++) expect(await store.find(instanceId)).toBeUndefined();
    expect(find).toHaveBeenCalledTimes(asksAgain ? 2 : 1);
  });

  it('lru+file: and lru+s3: are the stores of file: and s3:, with a cache', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lru-url-'));
    const schemes = [lruScheme, fileScheme, s3Scheme];
    try {
      const url = `lru+file:${directory}/state?lru.max=5&durability=process&lru.revalidate=always`;
      const store = (await openStateStoreFromUrl(url, { schemes })) as CachedStateStore;
      expect(store.capabilities).toMatchObject({ durability: 'process', reads: 'latest' });
      const saved = await store.save(stateOf());
      expect(await store.load(saved.instanceId)).toStrictEqual(saved);
      expect(store.stats().hits).toBe(1);
      await store.close();
      // AWS: nothing is sent before the first call, so any credentials will do.
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'nothing');
      const s3 = await openStateStoreFromUrl(
        'lru+s3://bucket/prefix?region=eu-west-1&lru.maxSize=1000&lru.revalidate=never',
        { schemes },
      );
      expect(s3.capabilities).toMatchObject({ sharing: 'network', reads: 'may-be-stale' });
      await s3.close();
    } finally {
      vi.unstubAllEnvs();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('pass on the location as written, and all other parameters', async () => {
    await open('lru+file:./a%20b?durability=process&lru.max=5&x=a%26b&lru.revalidate=always&x=2');
    expect(opened.at(-1)).toBe('./a%20b?durability=process&x=a%26b&x=2');
    const urls: string[] = [];
    const context = { options: {}, open: async (url: string) => (urls.push(url), openStateStore(memoryBackend())) };
    await lruScheme.open(parseStoreUrl('lru+file:./a?lru.max=5&lru.revalidate=always'), context);
    await lruScheme.open(parseStoreUrl('lru+file:./a?lru.max=5&x=1&lru.revalidate=always'), context);
    expect(urls).toEqual(['file:./a', 'file:./a?x=1']);
  });

  it('that name no store are refused, with one that does', async () => {
    const context = { options: {}, open };
    for (const scheme of ['lru', 'lru+', 'my-lru+file'])
      await expect(
        lruScheme.open({ scheme, location: '', parameters: new URLSearchParams() }, context),
      ).rejects.toThrow(
        expect.objectContaining({
          message: `${scheme}: names no store to put a cache around`,
          recoveryHints: ['write lru+file:./state?lru.max=1000&lru.revalidate=always'],
        }),
      );
  });

  it.each([
    ['lru:./state?lru.max=5', 'names no store to put a cache around'],
    ['lru+memory:', 'parameter "lru.max" or lru+memory: URL, parameter "lru.maxSize": expected at least one bound'],
    ['lru+memory:?lru.max=5', 'parameter "lru.revalidate": expected'],
    ['lru+memory:?lru.max=0&lru.revalidate=never', 'parameter "lru.max": expected an integer from 1'],
    [
      'lru+memory:?lru.max=1e3&lru.revalidate=never',
      'parameter "lru.max": expected a whole number in decimal digits, got "1e3"',
    ],
    ['lru+memory:?lru.max=5&lru.revalidate=sometimes', 'parameter "lru.revalidate"'],
    ['lru+memory:?lru.max=5&lru.revalidate=never&lru.ttl=0', 'parameter "lru.ttl"'],
    [
      'lru+memory:?lru.max=5&lru.revalidate=never&lru.cacheAbsence=yes',
      'parameter "lru.cacheAbsence": expected true or false',
    ],
    ['lru+memory:?lru.max=5&lru.max=6&lru.revalidate=never', 'it once'],
    ['lru+memory:?lru.size=5', 'one of lru.max, lru.maxSize'],
    ['lru+memory:?max=5', 'at least one bound'],
    ['lru+nope:?lru.max=5&lru.revalidate=never', 'no scheme here opens "nope:"'],
  ])('%s is refused', async (url, message) => {
    await expect(open(url)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});
