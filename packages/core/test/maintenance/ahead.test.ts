import { expect, it } from 'vitest';
import { ahead } from '../../src/maintenance/ahead.js';

async function* batchesOf(...batches: number[][]): AsyncGenerator<readonly number[]> {
  yield* batches;
}

it('answers in the order of the items, however long each takes, and has no more under way than it was told', async () => {
  let underWay = 0;
  let most = 0;
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, ++underWay);
    for (let turn = 0; turn < 10 - item; turn++) await Promise.resolve();
    underWay--;
    return item;
  };
  const answers: number[] = [];
  for await (const answer of ahead(batchesOf([1, 2], [], [3, 4, 5]), 3, work, undefined)) answers.push(answer);
  expect([answers, most]).toEqual([[1, 2, 3, 4, 5], 3]);
});

it('waits for what is under way, also where it is left early', async () => {
  const log: string[] = [];
  const work = async (item: number): Promise<number> => {
    if (item > 1) for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    log.push(`done ${item}`);
    return item;
  };
  for await (const answer of ahead(batchesOf([1, 2, 3]), 3, work, undefined)) {
    log.push(`answer ${answer}`);
    break;
  }
  log.push('left');
  expect(log).toEqual(['done 1', 'answer 1', 'done 2', 'done 3', 'left']);
});
