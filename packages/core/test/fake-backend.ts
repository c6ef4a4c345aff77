// A backend of a few lines, whose every call a test may replace: for what core does with the answers of a backend.

import { RevisionConflict, type StateBackend } from '@workflow-state/core/backend';
import type { BackendRecord, Expected, InstanceId, ScanEntry } from '@workflow-state/core/backend';

export interface FakeBackend extends StateBackend {
  readonly records: Map<InstanceId, BackendRecord>;
  /** The plain compare-and-set, for overrides to call. */
  apply(record: BackendRecord, expected: Expected): void;
}

/** Keeps tombstones, as a store on object storage does. */
export function fakeBackend(overrides: Partial<StateBackend> = {}): FakeBackend {
  const records = new Map<InstanceId, BackendRecord>();
  const apply = (record: BackendRecord, expected: Expected): void => {
    const stored = records.get(record.id);
    const holds =
      expected === undefined ? stored === undefined : 'nonce' in expected && stored?.revision.nonce === expected.nonce;
    if (!holds) throw new RevisionConflict();
    records.set(record.id, { ...record, envelope: record.envelope.slice() });
  };
  return {
    name: 'fake',
    capabilities: { durability: 'none', sharing: 'process', reads: 'latest', reclaims: false, maxBodyBytes: Infinity },
    async read(id) {
      const stored = records.get(id);
      return stored && { envelope: stored.envelope.slice() };
    },
    async write(record, expected) {
      apply(record, expected);
    },
    async *scan({ status, after }) {
      const entries: ScanEntry[] = [...records.values()]
        .filter(
          ({ id, revision }) =>
            revision.status !== 'tombstone' &&
            (status === undefined || revision.status === status) &&
            !(after !== undefined && id <= after),
        )
        .map(({ id }) => ({ id }));
      yield entries.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    records,
    apply,
    ...overrides,
  };
}
