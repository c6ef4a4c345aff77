// What an author reads when a promise is broken, for ten broken stores that break it in ten ways. The page is kept as it
// is told, so that a change of the words is seen, and can be read by who has not met the suite yet.

import { expect, it } from 'vitest';
import { type ConformanceFailure, validate } from '../../src/conformance/index.js';
import { backendMutants } from './backend-mutants.js';
import { storeMutants } from './store-mutants.js';

const TOLD = [
  ['numbers-by-json', '1.numbers'],
  ['gives-its-own-buffer', '2.backend-gives-its-bytes-away'],
  ['check-then-act', '3.counter'],
  ['handle-caches-reads', '4.handles-see-each-other'],
  ['deletes-unconditionally', '5.paused-deleter'],
  ['own-success-is-a-conflict', '6.lost-reply'],
  ['renamed-before-it-was-written', '7.power-loss'],
  ['leaves-the-old-entry', '4.model'],
  ['by-creation', '9.by-last-save'],
  ['unshared-but-open-to-all', '12.unshared-is-refused'],
] as const;

it('tells what was promised, what was found, the operations that show it, and how to see it again', async () => {
  const told: string[] = [];
  for (const [id, only] of TOLD) {
    const mutant = [...backendMutants, ...storeMutants].find((one) => one.id === id);
    const { results } = await validate(mutant!.harness, { seed: 1, only: [only] });
    const { message } = results.find((result) => result.id === only)!.error as ConformanceFailure;
    told.push(`## ${id}\n\n${mutant!.copies}\n\n\`\`\`\n${message}\n\`\`\`\n`);
  }
  await expect(steady(`${HEAD}\n${told.join('\n')}`)).toMatchFileSnapshot('failure-messages.md');
});

const HEAD = `# What failures say

Ten of the deliberately broken stores of this directory, and what the suite tells their author. Written by
\`failure-messages.test.ts\`; nonces and instants, which no seed decides, are numbered in the order in which they appear.
`;

/** Nonces are random and the suite's clock starts now: both are named by their first appearance. */
function steady(text: string): string {
  const names = new Map<string, string>();
  const named = (kind: string, found: string): string => {
    const name = names.get(found) ?? `${kind}${names.size + 1}`;
    names.set(found, name);
    return name;
  };
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (found) => named('time ', found))
    .replaceAll(
      /(?<=(?:running|waiting|paused|completed|failed|cancelled|initializing|tombstone|over v\d+|"revision":"|→ etag-)\s?)[0-9a-f]{6,16}(?![0-9a-f])/g,
      (found) => named('n', found.slice(0, 6)),
    );
}
