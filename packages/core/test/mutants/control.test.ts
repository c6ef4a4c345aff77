import assert from 'node:assert/strict';
import { describe, expect, it } from 'vitest';
import { CASES, type Harness, validate } from '../../src/conformance/index.js';
import { type StateBackend, StateStoreError } from '../../src/state-backend.js';
import { cachedHarness } from './cached-control.js';
import { ControlBackend, ControlSpace } from './control-backend.js';
import { controlHarness } from './control-harness.js';

describe('the suite on a store that keeps the contract', () => {
  it(
    'finds no broken promise, and leaves nothing out that a harness with every hook can tell',
    { timeout: 120_000 },
    async () => {
      const report = await validate(controlHarness(), { strict: true });
      assert.deepEqual(report.red, [], report.toText());
      expect(report.counts.passed + report.counts.notApplicable).toBe(CASES.length);
    },
  );

  it('takes no permitted stale read for a broken promise', { timeout: 120_000 }, async () => {
    const report = await validate(cachedHarness('cached control'), { strict: true });
    assert.deepEqual(report.red, [], report.toText());
    expect(report.results.find(({ id }) => id === '12.stale-reads-never-win')?.outcome).toBe('passed');
    // The backend beneath is examined on its own.
    expect(
      report.results.filter(({ id }) => id.includes('backend')).every(({ outcome }) => outcome === 'notApplicable'),
    ).toBe(true);
  });

  it('asks no more of a backend that promises little and has only what it must', { timeout: 120_000 }, async () => {
    const report = await validate(leastHarness(), {
      strict: true,
      only: CASES.filter(({ hooks }) => hooks?.some((hook) => /peerProcess|faults/.test(hook)) !== true).map(
        ({ id }) => id,
      ),
    });
    assert.deepEqual(report.red, [], report.toText());
    for (const id of ['12.volatile-forgets', '12.unshared-is-refused', '12.keeps-tombstones']) {
      expect(report.results.find((result) => result.id === id)).toMatchObject({ id, outcome: 'passed' });
    }
    expect(report.counts.unsupported).toBeGreaterThanOrEqual(10);
  });
});

/** Three methods; forgets, shares nothing, and keeps its tombstones. */
function leastHarness(): Harness {
  const least = (space: ControlSpace, occupied = false): StateBackend => {
    const whole = new ControlBackend(space);
    return {
      name: 'least',
      capabilities: Object.freeze({
        durability: 'none',
        sharing: 'none',
        reads: 'latest',
        reclaims: false,
        maxBodyBytes: Infinity,
      }),
      read: async (id) => {
        const stored = await whole.read(id);
        return stored && { envelope: stored.envelope };
      },
      write: async (record, expected, call) => void (await whole.write(record, expected, call)),
      scan: (query, call) => whole.scan(query, call),
      ...(occupied && {
        open: async () => {
          throw new StateStoreError('NOT_SUPPORTED', 'this location is in use by another handle');
        },
      }),
    };
  };
  return {
    name: 'least',
    expect: { durability: 'none', sharing: 'none', reads: 'latest', reclaims: false, maxBodyBytes: Infinity },
    create: async () => ({ backend: least(new ControlSpace()) }),
    peer: async () => ({ backend: least(new ControlSpace(), true) }),
    reopen: async () => ({ backend: least(new ControlSpace()) }),
  };
}
