// Interleaved rounds: each entrant once per round, in an order drawn anew, so that a busy machine disturbs all alike.
// A ratio is that of the same round.

import { at } from './at.js';
import { ratioOf, spreadOf } from './spread.js';
import { generator } from './states.js';
import type { Figure } from './results.js';

export interface Entrant {
  readonly name: string;
  /** One timed batch. @returns time per call, in the unit of the table. */
  readonly round: () => Promise<number>;
  /** Takes part in so many rounds at most, where a round of it is long. */
  readonly rounds?: number;
}

export interface ContestOptions {
  readonly rounds: number;
  readonly warmUp?: number;
  /** The entrant that the others are divided by. */
  readonly floor: string;
  /** Before each batch, not timed. */
  readonly settle?: () => void;
}

export async function contest(
  entrants: readonly Entrant[],
  { rounds, warmUp = 2, floor, settle }: ContestOptions,
): Promise<Figure[]> {
  const times = new Map<string, Map<number, number>>(entrants.map(({ name }) => [name, new Map()]));
  const random = generator(99);
  const order = [...entrants];
  for (let round = -warmUp; round < rounds; round++) {
    shuffle(order, random);
    for (const entrant of order) {
      if (round % Math.ceil(rounds / (entrant.rounds ?? rounds)) !== 0) continue;
      settle?.();
      const time = await entrant.round();
      if (round >= 0) times.get(entrant.name)?.set(round, time);
    }
  }
  const base = times.get(floor);
  if (base === undefined) throw new Error(`the floor ${floor} does not take part`);
  return entrants.map(({ name }) => {
    const own = [...(times.get(name) ?? [])];
    const values = own.map(([, value]) => value);
    const floors = own.map(([round]) => base.get(round) ?? Number.NaN);
    return { name, time: spreadOf(values), ratio: ratioOf(values, floors) };
  });
}

/** Microseconds per call of `calls` calls, one after the other. What is synchronous is not awaited. */
export async function timed(calls: number, run: (call: number) => unknown): Promise<number> {
  const begin = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) {
    const running = run(call);
    if (running instanceof Promise) await running;
  }
  return Number(process.hrtime.bigint() - begin) / 1000 / calls;
}

function shuffle(items: Entrant[], random: () => number): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random() % (i + 1);
    const item = at(items, i);
    items[i] = at(items, j);
    items[j] = item;
  }
}
