import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { backendMutants } from './backend-mutants.js';
import type { Mutant } from './mutant.js';
import { storeMutants } from './store-mutants.js';

const guide = readFileSync(new URL('../../WRITING-A-BACKEND.md', import.meta.url), 'utf8');
const links = [...guide.matchAll(/\[`([^`]+)`\]\(test\/mutants\/([a-z]+)-mutants\.ts\)/g)].map(([, id, file]) => ({
  id,
  file,
}));
const idsOf = (mutants: readonly Mutant[]): readonly string[] => mutants.map(({ id }) => id);
const mutants: Readonly<Record<string, readonly string[]>> = {
  backend: idsOf(backendMutants),
  store: idsOf(storeMutants),
};

describe('the guide to writing a backend', () => {
  it('names for its traps only mutants that there are, in the files that it links', () => {
    expect(links.filter(({ id = '', file = '' }) => mutants[file]?.includes(id) !== true)).toEqual([]);
    expect(links.length).toBeGreaterThan(30);
  });

  it('links every mutant that it names by a link into their directory', () => {
    expect(guide.match(/\(test\/mutants\//g)?.length).toBe(links.length);
  });
});
