// Every interleaving of several actors at the boundaries of their requests, over the real code: each actor is held at
// each of its requests, and one at a time goes on. Schedules are tried depth first; the scenario is run anew for each,
// so it must do the same when the same requests go first.
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Gate } from './gate.js';
import type { S3Server } from './s3-server.js';

/** Which of `count` possibilities to take. `state` tells equal situations from different ones. */
export type Choose = (count: number, state?: () => string) => number;

/**
 * Runs actors, each with a client made by `clientConfig` of its name, until all have ended. Whenever each of them waits at
 * a request or has ended, `choose` says which goes on; actors are in the order of `actors`. One request of an actor at
 * a time: those that it sends in parallel go in the order of arrival. `onState` is called at each such moment.
 */
export async function runInterleaved<T>(
  server: S3Server,
  actors: Readonly<Record<string, () => Promise<T>>>,
  choose: Choose,
  onState: () => void = () => {},
): Promise<Record<string, PromiseSettledResult<T>>> {
  const gate = new Gate(({ actor }) => actor !== undefined && actor in actors);
  server.onRequest(gate.handler);
  const results: Record<string, PromiseSettledResult<T>> = {};
  const ends = Object.entries(actors).map(async ([name, act]) => {
    const [result] = await Promise.allSettled([act()]);
    results[name] = result;
  });

  for (;;) {
    const names = Object.keys(actors);
    const running = names.filter((name) => results[name] === undefined);
    const waiting = running.flatMap((name) => gate.held.find(({ request }) => request.actor === name) ?? []);
    if (waiting.length === running.length) {
      onState();
      if (running.length === 0) break;
      const next = waiting[waiting.length === 1 ? 0 : choose(waiting.length, () => stateOf(server, names))];
      next?.proceed();
      if (gate.held.some(({ request }) => request.actor === next?.request.actor)) {
        await setImmediate(); // applied by then; this actor may have nothing else to send
        continue;
      }
    }
    await Promise.race([gate.arrival(), ...ends.filter((_, index) => running.includes(names[index] ?? ''))]);
  }
  server.onRequest();
  return results;
}

/**
 * The bucket, and what each actor has been answered: all that its code has seen, unless it draws random numbers or
 * reads a clock that differ from run to run. (Then states differ, and none is taken for another.)
 */
function stateOf(server: S3Server, actors: readonly string[]): string {
  const objects = Array.from(server.bucket.snapshot(), ([key, { body: _, ...object }]) =>
    JSON.stringify([key, object]),
  );
  const answers = actors.map((actor) =>
    server.log
      .filter((request) => request.actor === actor && request.answered !== undefined)
      .map(({ answered, answer }) => [answered, answer?.headers, answer?.body.toString('latin1')]),
  );
  const all = JSON.stringify([objects.sort(), answers]);
  return createHash('sha256').update(all).digest('base64');
}

export interface ScheduleOptions {
  /**
   * `path`: every order of requests. `state`: every state that some order leads to, and every step from it, but not again
   * from a state that was met before; finds the same failures with far fewer runs when random numbers and clocks are
   * fixed for each run, and when an actor's code depends on nothing but its answers.
   */
  readonly every: 'path' | 'state';
  /** Ends with an error beyond this many runs: a test must not believe that it has seen all. Default 10 000. */
  readonly limit?: number;
}

/**
 * Calls `run` with each sequence of choices there is, and returns how many runs that took. A failure names the choices
 * that led to it, which `replay` takes.
 */
export async function everySchedule(run: (choose: Choose) => Promise<void>, options: ScheduleOptions): Promise<number> {
  const { every, limit = 10_000 } = options;
  const met = new Set<string>();
  let prefix: number[] = [];
  for (let runs = 1; ; runs++) {
    if (runs > limit) throw new Error(`more than ${limit} schedules`);
    const taken: number[] = [];
    const widths: number[] = [];
    let known = false; // this run has come to a state whose successors were seen, or will be, from where it was met first
    const choose: Choose = (width, state) => {
      const depth = taken.length;
      if (every === 'state' && state && depth >= prefix.length && !known) {
        const here = state();
        known = met.has(here);
        met.add(here);
      }
      const choice = prefix[depth] ?? 0;
      taken.push(choice);
      widths.push(known ? 1 : width);
      return choice;
    };
    try {
      await run(choose);
    } catch (error) {
      throw new Error(`schedule [${taken.join(', ')}]`, { cause: error });
    }
    const deepest = taken.findLastIndex((choice, depth) => choice + 1 < (widths[depth] ?? 0));
    if (deepest < 0) return runs;
    prefix = [...taken.slice(0, deepest), (taken[deepest] ?? 0) + 1];
  }
}

/** The choices that a failure of `everySchedule` named, to run that one again. */
export function replay(choices: readonly number[]): Choose {
  let depth = 0;
  return () => choices[depth++] ?? 0;
}
