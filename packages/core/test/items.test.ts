import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemsOf } from '../src/items.js';

type Call = 'next' | 'return';

interface Source {
  readonly batches: AsyncGenerator<readonly number[], void>;
  ended: boolean;
}

function sourceOf(sizes: readonly number[], failsAt: number | undefined): Source {
  const source: Source = { batches: undefined as never, ended: false };
  async function* batches(): AsyncGenerator<readonly number[], void> {
    try {
      let number = 0;
      for (const [index, size] of sizes.entries()) {
        if (index === failsAt) throw new Error('source');
        yield Array.from({ length: size }, () => number++);
      }
    } finally {
      source.ended = true;
    }
  }
  return Object.assign(source, { batches: batches() });
}

async function* generatorOf(
  batches: AsyncGenerator<readonly number[], void>,
  check: () => void,
): AsyncGenerator<string, void> {
  for await (const batch of batches) {
    for (const number of batch) {
      yield `item ${number}`;
      check();
    }
  }
}

/** The answers to the calls, each made so many turns after the one before; `undefined`: once all have their answers. */
async function answers(
  iterator: AsyncIterator<string, void>,
  calls: readonly (readonly [call: Call, turns: number | undefined])[],
): Promise<readonly unknown[]> {
  const order: number[] = [];
  const made: Promise<unknown>[] = [];
  for (const [index, [call, turns]] of calls.entries()) {
    if (turns === undefined) await Promise.all(made);
    for (let turn = 0; turn < (turns ?? 0); turn++) await Promise.resolve();
    const answer = (call === 'next' ? iterator.next() : iterator.return!()).then(
      ({ done, value }) => ({ done: done === true, value }),
      (error: Error) => error.message,
    );
    made.push(answer.finally(() => order.push(index)));
  }
  return [await Promise.all(made), order];
}

const sizes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 });
const call = fc.constantFrom<Call>('next', 'next', 'next', 'next', 'return');
const inTurn = fc.array(fc.tuple(call, fc.constant(undefined)), { maxLength: 12 });
const atAnyTime = fc.array(fc.tuple(call, fc.option(fc.nat(8), { nil: undefined })), { maxLength: 12 });
const failure = fc.option(fc.nat(4), { nil: undefined });

describe('itemsOf', () => {
  it('answers as a generator would, also calls that do not wait for each other', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, failure, atAnyTime, async (lengths, fails, made) => {
        const [expected, actual] = [sourceOf(lengths, fails), sourceOf(lengths, fails)];
        const model = generatorOf(expected.batches, () => undefined);
        const items = itemsOf(actual.batches, (number) => `item ${number}`);
        expect(await answers(items, made)).toEqual(await answers(model, made));
        expect(actual.ended).toBe(expected.ended);
      }),
      // A step that overtakes another needs calls a few turns apart.
      { numRuns: 2000 },
    );
  });

  it('passes what the check throws through the source, and has ended then', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(6), inTurn, async (lengths, refusedAt, made) => {
        const told = await Promise.all(
          [generatorOf, itemsOf].map(async (make) => {
            const source = sourceOf(lengths, undefined);
            let given = 0;
            const pick = (number: number): string => `item ${number}`;
            const check = (): void => {
              if (given > refusedAt) throw new Error('refused');
            };
            const checkedSource = (async function* () {
              for await (const batch of source.batches) {
                yield batch;
                check();
              }
            })();
            const items = make === itemsOf ? itemsOf(checkedSource, pick, check) : generatorOf(source.batches, check);
            const counted: AsyncIterator<string, void> = {
              next: () => items.next().finally(() => given++),
              return: () => items.return!(),
            };
            return [await answers(counted, made), source.ended];
          }),
        );
        expect(told[1]).toEqual(told[0]);
      }),
    );
  });
});
