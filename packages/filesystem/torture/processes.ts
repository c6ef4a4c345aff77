// Processes that are killed and stopped at random moments, and started again.

import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@workflow-state/core/conformance';

/** Another program of this directory, bundled beside the running one. */
export function program(name: string): string {
  return join(dirname(process.argv[1] ?? ''), `${name}.main.cjs`);
}

export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
}

export interface Counts {
  kills: number;
  pauses: number;
}

interface Place {
  child: ChildProcess;
  generation: number;
  paused: boolean;
}

export class Crowd {
  readonly counts: Counts = { kills: 0, pauses: 0 };
  /** Ended without being told to. */
  readonly accidents: string[] = [];
  readonly #start: (place: number, generation: number) => ChildProcess;
  readonly #places: Place[];
  readonly #random: Random;
  #over = false;

  constructor(size: number, random: Random, start: (place: number, generation: number) => ChildProcess) {
    this.#start = start;
    this.#random = random;
    this.#places = Array.from({ length: size }, (_, at) => ({
      child: this.#begin(at, 0),
      generation: 0,
      paused: false,
    }));
  }

  /** Until the time is over, or `enough` says so. */
  async harass(milliseconds: number, enough: () => boolean): Promise<void> {
    const end = performance.now() + milliseconds;
    while (performance.now() < end && !enough() && this.accidents.length === 0) {
      await delay(5 + this.#random.int(100));
      const place = this.#random.pick(this.#places);
      if (place.paused) continue;
      if (this.#random.next() < 0.25) {
        this.counts.kills++;
        place.child.kill('SIGKILL');
        await ended(place.child);
        place.child = this.#begin(this.#places.indexOf(place), ++place.generation);
      } else {
        this.counts.pauses++;
        void this.#pause(place);
      }
    }
  }

  async end(): Promise<void> {
    this.#over = true;
    for (const { child } of this.#places) child.kill('SIGKILL');
    await Promise.all(this.#places.map(({ child }) => ended(child)));
  }

  #begin(place: number, generation: number): ChildProcess {
    const child = this.#start(place, generation);
    child.once('exit', (code, signal) => {
      if (!this.#over && signal !== 'SIGKILL')
        this.accidents.push(`actor ${place}.${generation} ended with ${code ?? signal}`);
    });
    return child;
  }

  async #pause(place: Place): Promise<void> {
    place.paused = true;
    place.child.kill('SIGSTOP');
    // Mostly shorter than an operation of the others takes, sometimes longer than many.
    await delay(this.#random.next() < 0.8 ? this.#random.int(60) : this.#random.int(1500));
    place.child.kill('SIGCONT');
    place.paused = false;
  }
}

export function start(name: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program(name), ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}
