// A backend on a fresh directory, with its calls under observation.

import type {
  BackendCall,
  BackendRecord,
  Expected,
  InstanceId,
  StateBackend,
  StatusKind,
} from '@workflow-state/core/backend';
import { isNotApplied } from '@workflow-state/core/backend';
import { type FileSystemBackendOptions, fileSystemBackendOn } from '../../src/filesystem-backend.js';
import { FILE_OPS } from '../../src/file-ops.js';
import { freshDirectory, tree } from './place.js';
import { revisionIn } from './records.js';
import { Seam } from './seam.js';

export const NO_CALL: BackendCall = {};

export interface Opened {
  readonly backend: StateBackend & Required<Pick<StateBackend, 'open' | 'head' | 'isCurrent' | 'sweep' | 'close'>>;
  readonly seam: Seam;
  readonly directory: string;
}

/** One process's handle. Several on one directory are, to the protocol, several processes. */
export async function opened(options: Partial<FileSystemBackendOptions> = {}, onFilesystem?: number): Promise<Opened> {
  const directory = options.directory ?? freshDirectory();
  const seam = new Seam(FILE_OPS[options.io ?? 'hybrid']());
  if (onFilesystem !== undefined) seam.replaceAt(/^filesystemType/, () => onFilesystem, Infinity);
  const backend = fileSystemBackendOn({ ...options, directory }, seam.ops) as Opened['backend'];
  await backend.open(NO_CALL);
  seam.forget();
  return { backend, seam, directory };
}

export const write = (to: StateBackend, record: BackendRecord, expected?: Expected): Promise<unknown> =>
  to.write(record, expected, NO_CALL);

export async function versionIn(from: StateBackend, id: InstanceId): Promise<number | undefined> {
  const stored = await from.read(id, NO_CALL);
  return stored && revisionIn(stored.envelope).version;
}

export async function listed(from: StateBackend, status?: StatusKind): Promise<InstanceId[]> {
  const ids: InstanceId[] = [];
  for await (const batch of from.scan({ status }, NO_CALL)) ids.push(...batch.map(({ id }) => id));
  return ids;
}

/** As core does: a new nonce each time the backend asks to come again. */
export async function insist(to: StateBackend, make: () => BackendRecord, expected: Expected): Promise<BackendRecord> {
  let condition = expected;
  for (let attempt = 0; attempt < 20; attempt++) {
    const record = make();
    try {
      await to.write(record, condition, NO_CALL);
      return record;
    } catch (error) {
      if (!isNotApplied(error) || error.comeAgain === undefined) throw error;
      if (condition !== undefined && error.comeAgain.hint !== undefined)
        condition = { ...condition, hint: error.comeAgain.hint };
    }
  }
  throw new Error('asked to come again 20 times');
}

/** Files of instances: without format, swaps and directories. */
export function files(directory: string): string[] {
  return tree(directory)
    .filter((path) => !path.endsWith('/') || path.endsWith('.pit/'))
    .filter((path) => path !== 'format' && !path.endsWith('.swaps'));
}
