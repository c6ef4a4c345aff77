// Everybody is dead, and newcomers come, one alone: what they find is complete, what they try succeeds, and a sweep
// leaves what belongs to an instance at rest and nothing else.

import type { StatusKind } from '@workflow-state/core/backend';
import { type Intercept, type Note, type Role, runningOf } from './actor.js';
import type { Disk } from './disk.js';
import { readable } from './naming.js';
import { perform } from './perform.js';
import { creator, deleter, instanceSweeper, sweeper, writer } from './roles.js';
import { leftovers, missing, seen, volumeFor } from './store.js';

/** What must always or never be was not so. */
export class Violation extends Error {
  readonly kind: string;
  /** Of those who came last. */
  readonly steps: readonly string[];

  constructor(kind: string, message: string, steps: readonly string[] = []) {
    super(message);
    this.kind = kind;
    this.steps = steps;
  }
}

export interface Newcomers {
  /** They run the same mutant. */
  readonly intercept?: Intercept;
  /** Who must leave nothing too much: the sweep of the store (default), the quicker one of the instance alone, or nobody. */
  readonly sweep?: 'store' | 'instance' | 'none';
}

const VOLUME = volumeFor(undefined);

export async function newcomers(disk: Disk, options: Newcomers, what: string): Promise<void> {
  await new Aftermath(options, what).judge(disk);
}

class Aftermath {
  readonly #options: Newcomers;
  readonly #before: string;
  #steps: string[] = [];

  constructor(options: Newcomers, what: string) {
    this.#options = options;
    this.#before = what;
  }

  async judge(disk: Disk): Promise<void> {
    this.#mustList(disk);
    const { intercept, sweep = 'store' } = this.#options;
    const begin = (): Disk => {
      this.#steps = [this.#before];
      return disk.settled(undefined);
    };
    const write = (status: StatusKind | '!' | '='): Role => writer(VOLUME, status, { attempts: 3, intercept });
    const remove = deleter(VOLUME, { attempts: 3, intercept });
    const create = creator(VOLUME, 'waiting', { intercept });

    const saved = begin();
    if ((await this.#does(saved, '1', write('!'), ['saved', 'absent'])) === 'saved') {
      await this.#does(saved, '2', write('='), ['saved']);
    }
    await this.#does(saved, '3', remove, ['deleted', 'absent']);
    await this.#does(saved, '4', create, ['saved']);
    await this.#does(saved, '5', write('!'), ['saved']);

    if (sweep === 'none') return;
    const swept = begin();
    const sweeping = sweep === 'store' ? sweeper : instanceSweeper;
    await this.#does(swept, '6', sweeping(VOLUME, { intercept }), ['swept']);
    const left = leftovers(swept);
    if (left.length > 0) this.#fail('dirty', `a sweep leaves ${left.join(', ')}`);
    if (seen(swept) !== undefined) await this.#does(swept, '7', remove, ['deleted']);
    await this.#does(swept, '8', create, ['saved']);
  }

  async #does(disk: Disk, actor: string, role: Role, expected: readonly Note['note'][]): Promise<string | undefined> {
    const running = runningOf(role, actor, 40);
    let last: Note | undefined;
    const first = running.advance(undefined);
    let step = first instanceof Promise ? await first : first;
    for (let count = 0; ; count++) {
      for (const note of step.notes) {
        last = note;
        if (note.note === 'failed')
          this.#fail(seen(disk) === 'torn' ? 'torn' : 'stuck', `a new ${role.role}: ${String(note.error)}`);
      }
      if (step.call === undefined) break;
      if (count > 2000) this.#fail('stuck', `a new ${role.role} does not come to an end`);
      const answer = perform(disk, step.call, count + 1);
      const next = running.advance(answer);
      step = next instanceof Promise ? await next : next;
    }
    this.#steps.push(`a new ${role.role}: ${last?.note}`);
    if (last === undefined || !expected.includes(last.note))
      this.#fail('stuck', `a new ${role.role}, alone, ends with ${last?.note ?? 'nothing'}`);
    this.#mustList(disk);
    return last?.note;
  }

  #mustList(disk: Disk): void {
    const miss = missing(disk);
    if (miss !== undefined) this.#fail('missed', miss);
  }

  #fail(kind: string, message: string): never {
    throw new Violation(kind, message, (this.#steps.length === 0 ? [this.#before] : this.#steps).map(readable));
  }
}
