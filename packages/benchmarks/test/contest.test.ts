import { describe, expect, it } from 'vitest';
import { contest, type Entrant } from '../src/contest.js';
import { spreadOf } from '../src/spread.js';

/** Takes the given times, one per round, and writes down when it ran. */
function entrant(name: string, times: readonly number[], diary: string[] = []): Entrant {
  let round = 0;
  return {
    name,
    round: async () => {
      diary.push(name);
      return times[round++ % times.length] ?? Number.NaN;
    },
  };
}

describe('a contest', () => {
  it('divides by the floor of the same round, so that a slow machine cancels out', async () => {
    const figures = await contest([entrant('floor', [1, 10, 100]), entrant('double', [2, 20, 200])], {
      rounds: 3,
      warmUp: 0,
      floor: 'floor',
    });
    expect(figures[1]).toEqual({
      name: 'double',
      time: { median: 20, low: 11, high: 110, best: 5.6 },
      ratio: { median: 2, low: 2, high: 2, best: 2 },
    });
  });

  it('has everyone once in each round, not always in the same order', async () => {
    const diary: string[] = [];
    const names = ['a', 'b', 'c'];
    await contest(
      names.map((name) => entrant(name, [1], diary)),
      { rounds: 8, warmUp: 0, floor: 'a' },
    );
    const rounds = Array.from({ length: 8 }, (_, round) => diary.slice(3 * round, 3 * round + 3));
    for (const round of rounds) expect(round.toSorted()).toEqual(names);
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(1);
  });

  it('leaves the warm-up out', async () => {
    const [figure] = await contest([entrant('a', [1000, 1, 1])], { rounds: 2, warmUp: 1, floor: 'a' });
    expect(figure?.time).toEqual({ median: 1, low: 1, high: 1, best: 1 });
  });

  it('has what takes long in few rounds, and divides it by the floor of those', async () => {
    const diary: string[] = [];
    const slow = { ...entrant('slow', [6, 6], diary), rounds: 2 };
    const figures = await contest([entrant('floor', [1, 2, 2, 3, 2, 2]), slow], {
      rounds: 6,
      warmUp: 0,
      floor: 'floor',
    });
    expect(diary).toHaveLength(2);
    expect(figures[1]?.ratio).toMatchObject({ median: 4, low: 3, high: 5 });
  });

  it('refuses a floor that does not take part', async () => {
    await expect(contest([entrant('a', [1])], { rounds: 1, floor: 'b' })).rejects.toThrow(
      'the floor b does not take part',
    );
  });
});

describe('a spread', () => {
  it('is the median, the quartiles and the tenth percentile, between rounds where they fall there', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25, best: 1.3 });
  });

  it('of nothing is refused', () => {
    expect(() => spreadOf([])).toThrow('no rounds');
  });
});
