import { describe, expect, it } from 'vitest';
import { CASES, validate } from '../../src/conformance/index.js';
import { controlHarness } from './control-harness.js';

describe('the suite on a store that keeps the contract', () => {
  it('finds no broken promise, and leaves nothing out that a harness with every hook can tell', { timeout: 60_000 }, async () => {
    const report = await validate(controlHarness(), { strict: true });
    expect(report.red, report.toText()).toEqual([]);
    expect(report.counts.passed + report.counts.notApplicable).toBe(CASES.length);
  });
});
