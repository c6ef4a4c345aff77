import { describe, expect, it } from 'vitest';
import {
  openStateStore,
  openStateStoreFromUrl,
  parseStoreUrl,
  readParameters,
  type StoreScheme,
  type StoreUrl,
} from '@workflow-state/core';
import { fakeBackend } from './fake-backend.js';

function recording(scheme: string): StoreScheme & { readonly opened: StoreUrl[] } {
  const opened: StoreUrl[] = [];
  return {
    scheme,
    opened,
    open(url, { options }) {
      opened.push(url);
      return openStateStore(fakeBackend(), options);
    },
  };
}

describe('openStateStoreFromUrl', () => {
  it('opens by scheme, in any case, and leaves a relative location relative', async () => {
    const file = recording('file');
    await openStateStoreFromUrl('FILE:./state?durability=process', { schemes: [recording('memory'), file] });
    expect(file.opened[0]).toMatchObject({ scheme: 'file', location: './state' });
    expect(file.opened[0]?.parameters.get('durability')).toBe('process');
  });

  it("gives a wrapper's scheme what it wraps, opened with the same schemes and options", async () => {
    const file = recording('file');
    let now = 0;
    const wrapper: StoreScheme = {
      scheme: 'lru',
      open: (url, { open }) => open(`${url.scheme.slice(4)}:${url.location}`),
    };
    const store = await openStateStoreFromUrl('lru+file:/a', { schemes: [wrapper, file], clock: () => ++now });
    expect(file.opened[0]).toMatchObject({ scheme: 'file', location: '/a' });
    expect(store.closed).toBe(false);
  });

  it.each([
    ['', 'another text'],
    ['file', 'another text'],
    ['/var/state', 'another text'],
    ['://x', 'another text'],
    [' file:./a', 'another text'],
    ['/file:./a', 'another text'],
    ['file:./a#b', 'another text'],
    [undefined, 'undefined'],
    [7, '7'],
    [['file:./a'], 'Array of 1'],
  ])('refuses %j with the form it should have', async (url, got) => {
    await expect(openStateStoreFromUrl(url as string, { schemes: [recording('file')] })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `a store URL looks like memory:, file:./state or s3://bucket, with # as %23; got ${got}`,
    });
  });

  it('refuses an unknown scheme, naming those it knows, and never repeats the URL, which may hold credentials', async () => {
    const refused = openStateStoreFromUrl('s3://key:secret@bucket', {
      schemes: [recording('file'), recording('memory')],
    });
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'no scheme here opens "s3:"',
      recoveryHints: ['known schemes: file, memory'],
    });
    await expect(refused).rejects.toSatisfy((error) => !String(error).includes('secret'));
    for (const options of [undefined, {}, { schemes: [] }])
      await expect(openStateStoreFromUrl('file:x', options as never)).rejects.toThrow(
        'options.schemes: expected at least one, such as fileScheme',
      );
  });

  it('reads parameters by name, and refuses others and repeats', () => {
    const count = (text: string): number => Number(text);
    expect(readParameters(parseStoreUrl('a:?n=5'), { n: count })).toEqual({ n: 5 });
    expect(readParameters(parseStoreUrl('a:'), { n: count })).toEqual({});
    expect(() => readParameters(parseStoreUrl('a:?m=5'), { n: count })).toThrow(
      'a: URL, parameter "m": expected one of n, got "5"',
    );
    expect(() => readParameters(parseStoreUrl('a:?m=5'), { n: count, o: count })).toThrow('expected one of n, o, got');
    expect(() => readParameters(parseStoreUrl('a:?m='), {})).toThrow('expected one of none, got ""');
    expect(() => readParameters(parseStoreUrl('a:?n=5&n=6'), { n: count })).toThrow('expected it once, got Array of 2');
    expect(() => readParameters(parseStoreUrl('a:?__proto__=5'), { n: count })).toThrow('__proto__');
  });
});
