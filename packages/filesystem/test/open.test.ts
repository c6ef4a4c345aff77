import { StateStoreError } from '@workflow-state/core/backend';
import { mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileSystemBackend, fileSystemBackendOn } from '../src/filesystem-backend.js';
import { freshDirectory, tree } from './support/place.js';
import { created } from './support/records.js';
import { Seam } from './support/seam.js';
import { listed, NO_CALL, opened, write } from './support/store.js';

async function refusal(open: Promise<unknown> | undefined): Promise<StateStoreError> {
  const error = await open?.then(
    () => new Error('it opened'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof StateStoreError)) throw error;
  expect(error.recoveryHints.length).toBeGreaterThan(0);
  return error;
}

const openAt = (directory: string, seam = new Seam()): Promise<unknown> | undefined =>
  fileSystemBackendOn({ directory }, seam.ops).open?.(NO_CALL);

describe('open', () => {
  it('makes the directory and whatever is missing above it', async () => {
    const directory = `${freshDirectory()}/a/b/c`;
    await openAt(directory);
    expect(readFileSync(`${directory}/format`, 'utf8')).toBe('workflow-state filesystem 1\n');
    expect(tree(directory).filter((path) => path.includes('probe') || path.includes('.format'))).toEqual([]);
  });

  it('syncs what is above before the format file, and the format file before it returns', async () => {
    const seam = new Seam();
    const directory = `${freshDirectory()}/new`;
    await openAt(directory, seam);
    const texts = seam.texts
      .filter((text) => /^(?:open|fsync|link)/.test(text))
      .map((text) => text.replace(/\.format\.\w+/, '.format'));
    const linked = texts.indexOf('link .format format');
    expect(texts.slice(0, linked).filter((text) => text.startsWith('open'))).toContain('open new');
    expect(texts.slice(0, linked).filter((text) => text.startsWith('open'))).toContain(
      'open shm'.replace('shm', directory.split('/').at(-3) ?? ''),
    );
    expect(texts.slice(linked + 1)).toEqual(['open new', 'fsync']);
  });

  it('lets any number open the same new directory at once', async () => {
    for (let round = 0; round < 10; round++) {
      const directory = `${freshDirectory()}/new`;
      const backends = Array.from({ length: 6 }, (_, i) =>
        fileSystemBackend({ directory, io: i % 2 === 0 ? 'async' : 'hybrid' }),
      );
      await Promise.all(backends.map(async (backend) => backend.open?.(NO_CALL)));
      const record = created('running');
      await write(backends[0]!, record);
      expect(await listed(backends[5]!)).toEqual([record.id]);
    }
  });

  it('completes what another process left half made', async () => {
    for (let step = 1; step < 100; step++) {
      const directory = `${freshDirectory()}/new`;
      const seam = new Seam();
      const death = seam.dieAt(step);
      const done = await Promise.race([openAt(directory, seam)?.then(() => true), death]);
      const { backend } = await opened({ directory });
      const record = created('completed');
      await write(backend, record);
      expect(await listed(backend, 'completed')).toEqual([record.id]);
      if (done === true) return;
    }
    throw new Error('opening took more than 100 calls');
  });

  it('refuses a file in place of the directory, or on the way', async () => {
    const parent = freshDirectory();
    writeFileSync(`${parent}/file`, '');
    for (const directory of [`${parent}/file`, `${parent}/file/below`]) {
      expect(await refusal(openAt(directory))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('not a directory') as string,
      });
    }
  });

  it('refuses a directory of others, names what it found, and leaves it alone', async () => {
    const directory = freshDirectory();
    writeFileSync(`${directory}/package.json`, '{}');
    expect(await refusal(openAt(directory))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('"package.json"') as string,
    });
    expect(tree(directory)).toEqual(['package.json']);
  });

  it('takes the root of a fresh volume', async () => {
    const directory = freshDirectory();
    mkdirSync(`${directory}/lost+found`);
    await openAt(directory);
    expect(tree(directory)).toContain('format');
  });

  it('refuses a later layout, and a format file that is not ours', async () => {
    const { directory } = await opened();
    writeFileSync(`${directory}/format`, 'workflow-state filesystem 2\n');
    expect(await refusal(openAt(directory))).toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringContaining('layout 2') as string,
    });
    for (const text of ['', 'workflow', 'something else\n']) {
      writeFileSync(`${directory}/format`, text);
      expect(await refusal(openAt(directory))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it.each([
    ['not writable', /^mkdir/, 'EACCES', 'STORAGE_ERROR', /not writable/],
    ['read-only', /^link format/, 'EROFS', 'STORAGE_ERROR', /not writable/],
    ['without hard links', /^link format/, 'EPERM', 'NOT_SUPPORTED', /hard links/],
    ['without fsync of directories', /^fsync/, 'EINVAL', 'NOT_SUPPORTED', /sync a directory/],
    ['not to be looked into', /^readdir/, 'EACCES', 'STORAGE_ERROR', /cannot be read/],
  ])('refuses a place that is %s', async (_what, pattern, errno, code, message) => {
    const { directory } = await opened();
    const seam = new Seam();
    seam.failAt(pattern, errno);
    expect(await refusal(openAt(directory, seam))).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a new store without hard links before anybody relies on it', async () => {
    const directory = freshDirectory();
    const seam = new Seam();
    seam.failAt(/^link/, 'EPERM');
    expect(await refusal(openAt(directory, seam))).toMatchObject({ code: 'NOT_SUPPORTED' });
    expect(tree(directory).filter((path) => !path.endsWith('/') && !path.endsWith('.swaps'))).toEqual([]);
  });

  it('refuses network filesystems', async () => {
    const seam = new Seam();
    seam.replaceAt(/^filesystemType/, () => 0x6969);
    expect(await refusal(openAt(freshDirectory(), seam))).toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('NFS') as string,
    });
  });

  it.each([
    ['FUSE', 0x65735546, 'process', '', /^WORKFLOW_STATE_UNKNOWN_FILESYSTEM: .*\(FUSE\).*local disk.*$/],
    ['9p', 0x01021997, 'full', '', /^WORKFLOW_STATE_UNKNOWN_FILESYSTEM: .*\(9p\).*synced.*$/],
    [
      'a volatile overlay',
      0x794c7630,
      'full',
      'rw,lowerdir=/l,volatile',
      /^WORKFLOW_STATE_VOLATILE: .*no save survives.*$/,
    ],
    ['a volatile overlay of a newer kernel', 0x794c7630, 'full', 'rw,fsync=volatile', /^WORKFLOW_STATE_VOLATILE: .*$/],
    ['a volatile overlay, process: not', 0x794c7630, 'process', 'rw,volatile', /^$/],
    ['an overlay: not', 0x794c7630, 'full', 'rw,lowerdir=/volatile', /^$/],
    ['ext4: not', 0xef53, 'full', '', /^$/],
  ] as const)('warns on %s, once per directory', async (_name, type, durability, options, expected) => {
    const warnings: (Error & { code?: string })[] = [];
    const listen = (warning: Error): void => {
      if (warning.name === 'WorkflowStateWarning') warnings.push(warning);
    };
    process.on('warning', listen);
    const directory = `${freshDirectory()}/a b`;
    const mounts = `${freshDirectory()}/mountinfo`;
    // What is further out, or beside it, says nothing.
    writeFileSync(
      mounts,
      [
        '1 0 0:1 / / rw - overlay overlay rw,volatile',
        `2 1 0:2 / ${directory.replace(' ', '\\040')} rw,relatime shared:3 - overlay overlay ${options}`,
        `3 1 0:3 / ${directory.replace(' ', '')} rw - overlay overlay rw,volatile`,
        '4 1 0:4 / /proc rw - proc proc rw',
        '',
      ].join('\n'),
    );
    try {
      for (let round = 0; round < 2; round++) {
        const seam = new Seam();
        seam.replaceAt(/^filesystemType/, () => type);
        seam.replaceAt(/^open mountinfo/, () => openSync(mounts, 'r'));
        await fileSystemBackendOn({ directory, durability }, seam.ops).open?.(NO_CALL);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      process.off('warning', listen);
    }
    expect(warnings.map(({ code, message }) => `${code}: ${message}`).join('\n')).toMatch(expected);
  });

  it('follows a symbolic link to the directory', async () => {
    const { directory, backend } = await opened();
    const record = created('running');
    await write(backend, record);
    const link = `${freshDirectory()}/link`;
    symlinkSync(directory, link);
    expect(await listed((await opened({ directory: link })).backend)).toEqual([record.id]);
  });

  it('refuses options that it does not know the meaning of', () => {
    for (const options of [
      { directory: '' },
      { directory: 5 },
      { directory: 'a\0b' },
      { directory: '.', durability: 'most' },
      { directory: '.', io: 'fast' },
      { directory: '.', leftoverAge: -1 },
    ]) {
      expect(() => fileSystemBackend(options as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
      );
    }
  });
});
