import { describe, expect, it } from 'vitest';
import { CASES, CLAUSES, ConformanceFailure, isMandatory, validate } from '../../src/conformance/index.js';
import { backendMutants } from './backend-mutants.js';
import { storeMutants } from './store-mutants.js';

const MUTANTS = [...backendMutants, ...storeMutants];

describe.concurrent('a store that breaks one promise', () => {
  for (const { id, copies, killedBy, harness } of MUTANTS) {
    it(`${id} is found by ${killedBy.join(', ')} (${copies})`, { timeout: 120_000 }, async () => {
      const { results } = await validate(harness, { only: killedBy, seed: 1 });
      const asked = results.filter((result) => killedBy.includes(result.id));
      expect(
        asked.map(({ id: name, outcome, reason }) => ({ name, outcome, ...(outcome !== 'failed' && { reason }) })),
      ).toEqual(asked.map(({ id: name }) => ({ name, outcome: 'failed' })));
      for (const { error } of asked) expect(error).toBeInstanceOf(ConformanceFailure);
    });
  }
});

describe('the cases', () => {
  it('each kill a mutant: those that apply to every store, and those that need a hook or a capability', () => {
    const claimed = new Set(MUTANTS.flatMap(({ killedBy }) => killedBy));
    expect(CASES.filter(({ id }) => !claimed.has(id)).map(({ id }) => id)).toEqual([]);
    expect(CASES.filter(isMandatory).length).toBeGreaterThan(80);
  });

  it('cover every clause, and every clause is proven by a mutant', () => {
    const killers = new Set(MUTANTS.flatMap(({ killedBy }) => killedBy.map((id) => id.split('.')[0])));
    for (const { number } of CLAUSES) {
      expect(
        CASES.some((one) => one.clause === number && one.id.startsWith(`${number}.`)),
        `cases of clause ${number}`,
      ).toBe(true);
      expect(killers.has(`${number}`), `a mutant that breaks clause ${number}`).toBe(true);
    }
  });

  it('have ids of their own, which no mutant mistakes', () => {
    const ids = CASES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(MUTANTS.flatMap(({ killedBy }) => killedBy).filter((id) => !ids.includes(id))).toEqual([]);
  });
});
