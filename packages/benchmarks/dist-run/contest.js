// Interleaved rounds: each entrant once per round, in an order drawn anew, so that a busy machine disturbs all alike.
// A ratio is that of the same round.
import { at } from './at.js';
import { spreadOf } from './spread.js';
import { generator } from './states.js';
export async function contest(entrants, { rounds, warmUp = 2, floor, settle }) {
  const times = new Map(entrants.map(({ name }) => [name, new Map()]));
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
    const time = spreadOf(own.map(([, value]) => value));
    const ratio = spreadOf(own.map(([round, value]) => value / (base.get(round) ?? Number.NaN)));
    return { name, time, ratio };
  });
}
/** Microseconds per call of `calls` calls, one after the other. What is synchronous is not awaited. */
export async function timed(calls, run) {
  const begin = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) {
    const running = run(call);
    if (running instanceof Promise) await running;
  }
  return Number(process.hrtime.bigint() - begin) / 1000 / calls;
}
function shuffle(items, random) {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random() % (i + 1);
    const item = at(items, i);
    items[i] = at(items, j);
    items[j] = item;
  }
}
//# sourceMappingURL=contest.js.map
