import { describe, expect, it } from 'vitest';
import { CASES, CLAUSES, ConformanceFailure, isMandatory, validate } from '../../src/conformance/index.js';
import { backendMutants } from './backend-mutants.js';
import { storeMutants } from './store-mutants.js';

const MUTANTS = [...backendMutants, ...storeMutants];
const KILLS = MUTANTS.reduce((sum, { killedBy }) => sum + killedBy.length, 0);
const SEEDS = [1, 2, 3];

describe.concurrent(`a store that breaks one promise, under each of the seeds ${SEEDS.join(', ')}`, () => {
  for (const { id, copies, killedBy, harness } of MUTANTS) {
    it(`${id} is found by ${killedBy.join(', ')} (${copies})`, { timeout: 120_000 }, async () => {
      for (const seed of SEEDS) {
        const { results } = await validate(harness, { only: killedBy, seed });
        const asked = results.filter((result) => killedBy.includes(result.id));
        expect(
          asked.map(({ id: name, outcome, reason }) => ({
            seed,
            name,
            outcome,
            ...(outcome !== 'failed' && { reason }),
          })),
        ).toEqual(asked.map(({ id: name }) => ({ seed, name, outcome: 'failed' })));
        for (const { error } of asked) expect(error).toBeInstanceOf(ConformanceFailure);
      }
    });
  }
});

describe('the mutants', () => {
  it(`are ${MUTANTS.length}, of which each names where it was seen, and make ${KILLS} kills`, () => {
    expect(MUTANTS.filter(({ copies }) => !/[\w.@-]+(?:\/[\w.-]+|#\d+)/.test(copies)).map(({ id }) => id)).toEqual([]);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(110);
  });
});

describe('the cases', () => {
  it('each kill a mutant: those that apply to every store, and those that need a hook or a capability', () => {
    const claimed = new Set(MUTANTS.flatMap(({ killedBy }) => killedBy));
    expect(CASES.filter(({ id }) => !claimed.has(id)).map(({ id }) => id)).toEqual([]);
    expect(CASES.filter(isMandatory).length).toBeGreaterThan(80);
  });

  it('cover every clause, and at least two mutants break each', () => {
    for (const { number } of CLAUSES) {
      expect(
        CASES.some((one) => one.clause === number && one.id.startsWith(`${number}.`)),
        `cases of clause ${number}`,
      ).toBe(true);
      const breaking = MUTANTS.filter(({ killedBy }) => killedBy.some((id) => id.startsWith(`${number}.`)));
      expect(breaking.length, `mutants that break clause ${number}`).toBeGreaterThanOrEqual(2);
    }
  });

  it('have ids of their own, which no mutant mistakes', () => {
    const ids = CASES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(MUTANTS.flatMap(({ killedBy }) => killedBy).filter((id) => !ids.includes(id))).toEqual([]);
  });
});
