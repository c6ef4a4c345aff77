// Each operation once, between marks that strace sees.

import { existsSync } from 'node:fs';
import { fileSystemBackend, type FileSystemBackendOptions } from '../../src/filesystem-backend.js';
import { created, following } from './records.js';

async function work(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '') as FileSystemBackendOptions;
  const backend = fileSystemBackend(options);
  await backend.open?.({});
  const section = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    existsSync(`${options.directory}/=${name}`);
    await run();
    existsSync(`${options.directory}/=end`);
  };
  // The first save in a shard makes it and opens it.
  const neighbour = created('running');
  await backend.write(neighbour, undefined, {});

  const first = created('running', `${neighbour.id.slice(0, 2)}${'0'.repeat(30)}` as typeof neighbour.id);
  const second = following(first);
  const third = following(second, 'waiting');
  await section('create', () => backend.write(first, undefined, {}));
  await section('save', () => backend.write(second, first.revision, {}));
  await section('change of status', () => backend.write(third, second.revision, {}));
  await section('load', () => backend.read(third.id, {}));
  await section('head', async () => backend.head?.(third.id, {}));
  await section('isCurrent', async () => backend.isCurrent?.(third.id, third.revision, {}));
  await section('delete', () => backend.write(following(third, 'tombstone'), third.revision, {}));
  await backend.close?.();
}

void work();
