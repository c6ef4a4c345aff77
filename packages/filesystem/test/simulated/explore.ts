// Every interleaving. A step is one system call; a listing of a directory begins with the step before it, and returns
// whatever subset of the names that came or went meanwhile; `link` takes two, since the kernel looks the source up before
// it acts. A crash, or a pause of any length, is an actor that does not move again: every prefix of every run is looked at.
//
// Two states are one if the disks are, and if each actor has had the same answers: the search is breadth first over
// these, so a violation comes with a shortest schedule. Calls that neither change what others see nor depend on others
// (reading through a handle, closing) are made together with the call before.

import type { Call } from '../../src/file-ops.js';
import { type Note, type Role, type Running, runningOf, type Step } from './actor.js';
import { newcomers, type Newcomers, Violation } from './aftermath.js';
import {
  type Actor,
  changed,
  claimed,
  type History,
  historyOf,
  noted,
  sorted,
  type Watch,
  watchAfter,
  watched,
} from './claims.js';
import type { Answer, Difference, Disk, Order } from './disk.js';
import { readable } from './naming.js';
import { perform } from './perform.js';
import { IDS, LAYOUT, missing, type Seen, seen, SHARD } from './store.js';

export interface Scenario {
  readonly start: Disk;
  readonly roles: readonly Role[];
  /** Power may be cut at any moment; `start` must be such a disk. */
  readonly order?: Order | undefined;
  /**
   * For three actors, fewer states: of the names that come or go during a readdir none, all, those still there, or those
   * gone, instead of every subset, and only names that the role looks for; `link` is one step; whether what is removed
   * was still there is not answered, since nobody asks.
   */
  readonly coarse?: boolean;
  /** Whether an outcome may be unknown: where a write that was helped along may be deleted before its writer looks. */
  readonly doubts?: boolean;
  /** What newcomers try on every disk that the death of all leaves. */
  readonly newcomers?: Newcomers | 'none';
  /** Once all have ended, the listings name the instance again: they had not, from the start. */
  readonly heals?: boolean;
  /** A name that is replaced may be missed by a readdir, as if it had moved (btrfs, tmpfs). */
  readonly replacedMoves?: boolean;
  /** Names that each actor may draw before it is left where it is: two finishers can take a claim from each other for ever. */
  readonly names?: number;
  /** States; then the search is given up. */
  readonly limit?: number;
}

export interface Found {
  readonly kind: string;
  readonly message: string;
  readonly schedule: readonly string[];
}

export interface Report {
  readonly states: number;
  readonly disks: number;
  /** Disks on which everybody is dead, or after a power cut, that newcomers went on from. */
  readonly deaths: number;
  readonly seconds: number;
  readonly complete: boolean;
  /** Every schedule of so many steps was looked at, and where the search is complete every longer one. */
  readonly depth: number;
  readonly found: Found | undefined;
}

/** A point in an actor's life: the answers it has had. */
interface Moment {
  readonly id: number;
  readonly before: Moment | undefined;
  readonly answer: Answer | undefined;
  readonly notes: readonly Note[];
  readonly call: Call | undefined;
  /** Equal for equal calls. */
  readonly callKey: string;
  readonly depth: number;
  readonly after: Map<string, Moment>;
  /** The code, stopped here, unless it has gone on. */
  running: Running | undefined;
}

/** A call of which the first half is done. */
type Half =
  | {
      readonly call: 'readdir';
      readonly directory: string;
      readonly always: readonly string[];
      readonly sometimes: readonly string[];
    }
  | { readonly call: 'link'; readonly inode: string };

interface Local {
  readonly moment: Moment;
  readonly half: Half | undefined;
  readonly watch: Watch | undefined;
}

interface Place {
  readonly id: number;
  readonly disk: Disk;
  readonly seen: Seen;
  readonly after: Map<string, Moved>;
}

interface Moved {
  readonly place: Place;
  readonly answer: Answer;
  readonly differences: readonly Difference[];
}

interface State {
  readonly place: number;
  readonly history: number;
  readonly locals: readonly number[];
}

const ACTORS = 'abcdef';

export async function explore(scenario: Scenario): Promise<Report> {
  const { stackTraceLimit } = Error;
  // The code under test makes many errors, and nobody reads where.
  Error.stackTraceLimit = 0;
  try {
    return await new Search(scenario).run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Interned values: equal ones have one number. */
class Table<Value> {
  readonly values: Value[] = [];
  readonly #numbers = new Map<string, number>();

  number(key: string, value: Value): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.values.length;
      this.values.push(value);
      this.#numbers.set(key, number);
    }
    return number;
  }

  at(number: number): Value {
    return this.values[number] as Value;
  }
}

class Search {
  readonly #scenario: Scenario;
  readonly #actors: readonly Actor[];
  readonly #places = new Map<string, Place>();
  readonly #placeList: Place[] = [];
  readonly #locals = new Table<Local>();
  readonly #histories = new Table<History>();
  readonly #states = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #parents: number[] = [];
  readonly #movers: number[] = [];
  // By identity: most are asked for more than once.
  readonly #localNumbers = new WeakMap<Local, number>();
  readonly #historyNumbers = new WeakMap<History, number>();
  readonly #dead = new Set<string>();
  readonly #dark = new Set<string>();
  #moments = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#actors = scenario.roles.map(({ role }, index) => {
      const letter = ACTORS[index] as string;
      return { letter, name: `${letter} (${role})`, doubts: scenario.doubts === true };
    });
  }

  async run(): Promise<Report> {
    const began = Date.now();
    const { roles, start, limit = 2_000_000 } = this.#scenario;
    let at = 0;
    const report = (complete: boolean, found?: Found): Report => ({
      states: this.#keys.length,
      disks: this.#placeList.length,
      deaths: this.#dead.size,
      seconds: (Date.now() - began) / 1000,
      complete,
      depth: this.#ancestors(Math.min(at, this.#keys.length - 1)).length - 1,
      found,
    });
    let mover = -1;
    try {
      let history = historyOf(seen(start));
      let place = this.#place(start);
      const locals: number[] = [];
      for (const index of roles.keys()) {
        mover = index;
        const first = await this.#first(index);
        const settled = await this.#settle(index, { moment: first, half: undefined, watch: undefined }, place, history);
        ({ place, history } = settled);
        locals.push(this.#local(settled.local));
      }
      mover = -1;
      this.#add({ place: place.id, history: this.#history(history), locals }, -1, -1);
      for (; at < this.#keys.length; at++) {
        const state = this.#state(at);
        // Whoever runs the tests wants to hear of those that have ended.
        if (at % 10_000 === 9_999) await new Promise((resolve) => setImmediate(resolve));
        mover = -1;
        await this.#judge(state);
        for (mover = 0; mover < roles.length; mover++)
          for (const { next } of await this.#moves(state, mover)) this.#add(next, at, mover);
        if (this.#keys.length > limit) return report(false);
      }
      return report(true);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      const schedule = await this.#schedule(at);
      if (mover >= 0 && at < this.#keys.length) {
        const local = this.#locals.at(this.#state(at).locals[mover] ?? 0);
        schedule.push(`${this.#nameOf(mover)}: ${textOf(local)}`);
      }
      return report(false, {
        kind: error.kind,
        message: readable(error.message),
        schedule: [...schedule, ...error.steps],
      });
    }
  }

  // States.

  #add(state: State, parent: number, mover: number): void {
    const numbers = [state.place, state.history, ...state.locals];
    const key = String.fromCharCode(...numbers.flatMap((number) => [number & 0xffff, number >>> 16]));
    if (this.#states.has(key)) return;
    this.#states.set(key, this.#keys.length);
    this.#keys.push(key);
    this.#parents.push(parent);
    this.#movers.push(mover);
  }

  #state(index: number): State {
    const key = this.#keys[index] as string;
    const number = (i: number): number => key.charCodeAt(2 * i) | (key.charCodeAt(2 * i + 1) << 16);
    const locals = this.#scenario.roles.map((_, i) => number(i + 2));
    return { place: number(0), history: number(1), locals };
  }

  #place(disk: Disk): Place {
    const { key } = disk;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = { id: this.#placeList.length, disk, seen: seen(disk), after: new Map() };
      this.#places.set(key, place);
      this.#placeList.push(place);
    }
    return place;
  }

  #local(local: Local): number {
    const known = this.#localNumbers.get(local);
    if (known !== undefined) return known;
    const { moment, half, watch } = local;
    let key = String(moment.id);
    if (half !== undefined)
      key += half.call === 'link' ? `|${half.inode}` : `|${half.always.join()}|${half.sometimes.join()}`;
    if (watch !== undefined) key += `|${watch.since === 'list' ? watch.throughout : watch.current.join()}`;
    const number = this.#locals.number(key, local);
    this.#localNumbers.set(local, number);
    return number;
  }

  #history(history: History): number {
    const known = this.#historyNumbers.get(history);
    if (known !== undefined) return known;
    const { stored, acknowledged, refused, condemned, claims } = history;
    const key = [stored.join(), acknowledged, refused.join(), condemned.join(), claims.join()].join('|');
    const number = this.#histories.number(key, history);
    this.#historyNumbers.set(history, number);
    return number;
  }

  // Actors.

  #nameOf(index: number): string {
    return this.#actor(index).name;
  }

  #actor(index: number): Actor {
    return this.#actors[index] as Actor;
  }

  async #first(index: number): Promise<Moment> {
    const running = this.#fresh(index);
    return this.#moment(undefined, undefined, await running.advance(undefined), running);
  }

  #fresh(index: number): Running {
    return runningOf(this.#scenario.roles[index] as Role, ACTORS[index] as string, this.#scenario.names ?? 3);
  }

  #moment(before: Moment | undefined, answer: Answer | undefined, { notes, call }: Step, running: Running): Moment {
    const id = this.#moments++;
    const depth = before === undefined ? 0 : before.depth + 1;
    return { id, before, answer, notes, call, callKey: keyOf(call), depth, after: new Map(), running };
  }

  /** Lets the code go on with that answer; runs it again from the start where it has gone on with another before. */
  #follow(index: number, moment: Moment, answer: Answer, key: string): Moment | Promise<Moment> {
    return moment.after.get(key) ?? this.#goOn(index, moment, answer, key);
  }

  async #goOn(index: number, moment: Moment, answer: Answer, key: string): Promise<Moment> {
    let { running } = moment;
    moment.running = undefined;
    if (running === undefined) {
      running = this.#fresh(index);
      const answers: (Answer | undefined)[] = [];
      for (let one: Moment | undefined = moment; one !== undefined; one = one.before) answers.push(one.answer);
      for (const one of answers.reverse()) {
        const step = running.advance(one);
        if (step instanceof Promise) await step;
      }
    }
    const step = running.advance(answer);
    const next = this.#moment(moment, answer, step instanceof Promise ? await step : step, running);
    moment.after.set(key, next);
    return next;
  }

  // Steps.

  /** What one actor's next step may lead to. */
  async #moves(state: State, index: number): Promise<{ readonly next: State; readonly text: string }[]> {
    const local = this.#locals.at(state.locals[index] as number);
    const { call } = local.moment;
    if (call === undefined) return [];
    const place = this.#placeList[state.place] as Place;
    const moves: { readonly next: State; readonly text: string }[] = [];
    for (const { half, answer, key, moved, text } of this.#choices(index, local, place)) {
      let history = this.#histories.at(state.history);
      if (moved !== undefined) history = changed(this.#actor(index), history, place.seen, moved.place.seen, call);
      if (moved !== undefined && 'value' in moved.answer) history = claimed(this.#actor(index), history, call);
      const locals = [...state.locals];
      if (moved !== undefined && moved.differences.length > 0) this.#tellOthers(locals, index, moved);
      let reached = moved?.place ?? place;
      if (answer === undefined) {
        locals[index] = this.#local({ ...local, half });
      } else {
        const followed = this.#follow(index, local.moment, answer, key);
        const moment = followed instanceof Promise ? await followed : followed;
        // What it did itself, it sees as well.
        const watch = local.watch && moved && watched(local.watch, moved.place.seen);
        const settled = await this.#settle(
          index,
          { moment, half: undefined, watch: watch ?? local.watch },
          reached,
          history,
        );
        ({ place: reached, history } = settled);
        locals[index] = this.#local(settled.local);
      }
      moves.push({ next: { place: reached.id, history: this.#history(history), locals }, text });
    }
    return moves;
  }

  /** Ways in which a call can go. */
  #choices(index: number, local: Local, place: Place): Choice[] {
    const { moment, half } = local;
    const call = moment.call as Call;
    const { disk } = place;
    if (call[0] === 'readdir') {
      if (half?.call !== 'readdir') {
        const names = disk.names(call[1]);
        if (names === undefined) return [{ answer: { code: 'ENOENT' }, key: 'ENOENT', text: textOf(local) }];
        return [
          {
            half: { call: 'readdir', directory: call[1], always: names.sort(), sometimes: [] },
            key: '',
            text: textOf(local),
          },
        ];
      }
      const looksFor = this.#scenario.coarse === true ? (this.#scenario.roles[index]?.looksFor ?? /./) : /./;
      const sometimes = half.sometimes.filter((name) => looksFor.test(name));
      return this.#subsets(sometimes, disk.names(call[1]) ?? []).map((some) => {
        const names = [...half.always.filter((name) => looksFor.test(name)), ...some].sort();
        return {
          answer: { value: names },
          key: names.join(),
          text: `${textOf(local)} → ${names.map(readableName).join(' ')}`,
        };
      });
    }
    if (call[0] === 'link' && half === undefined && this.#scenario.coarse !== true) {
      const inode = disk.lookup(call[1]);
      if (inode === undefined)
        return [{ answer: { code: 'ENOENT' }, key: 'ENOENT', text: `${textOf(local)} → ENOENT` }];
      return [{ half: { call: 'link', inode }, key: '', text: `${textOf(local)}: looks it up` }];
    }
    const moved = this.#move(index, local, place);
    const isAsked = this.#scenario.coarse !== true || (call[0] !== 'unlink' && call[0] !== 'rmdir');
    const answer = isAsked ? moved.answer : { value: undefined };
    return [
      {
        answer,
        key: answerKey(answer),
        moved,
        text: `${textOf(local)}${'code' in moved.answer ? ` → ${moved.answer.code}` : ''}`,
      },
    ];
  }

  #subsets(names: readonly string[], here: readonly string[]): (readonly string[])[] {
    if (names.length === 0) return [[]];
    if (this.#scenario.coarse === true) {
      const sets = [
        [],
        names,
        names.filter((name) => here.includes(name)),
        names.filter((name) => !here.includes(name)),
      ];
      return [...new Map(sets.map((set) => [set.join(), set])).values()];
    }
    return Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_name, i) => (bits >> i) & 1));
  }

  #move(index: number, { moment, half }: Pick<Local, 'moment' | 'half'>, place: Place): Moved {
    const call = moment.call as Call;
    const isDrawn = call[0] === 'setModified';
    const fresh = isDrawn ? 1 + (index + moment.depth * ACTORS.length) : 0;
    const key =
      half?.call === 'link'
        ? `${moment.callKey} ${half.inode}`
        : isDrawn
          ? `${moment.callKey} ${fresh}`
          : moment.callKey;
    let moved = place.after.get(key);
    if (moved === undefined) {
      const disk = place.disk.copy();
      const answer = half?.call === 'link' ? disk.linkInode(half.inode, call[2] as string) : perform(disk, call, fresh);
      const differences = disk.takeDifferences();
      moved = { place: this.#place(disk), answer, differences };
      place.after.set(key, moved);
    }
    return moved;
  }

  /** Takes notes, and makes the calls that are no steps of their own. */
  async #settle(
    index: number,
    local: Local,
    place: Place,
    history: History,
  ): Promise<{ local: Local; place: Place; history: History }> {
    let { moment, watch } = local;
    for (;;) {
      for (const note of moment.notes) {
        history = noted(this.#actor(index), note, history, place.seen, watch);
        watch = watchAfter(note, watch, place.seen);
      }
      if (moment.call === undefined || !this.#isSilent(moment.call)) break;
      const moved = this.#move(index, { moment, half: undefined }, place);
      ({ place } = moved);
      const followed = this.#follow(index, moment, moved.answer, answerKey(moved.answer));
      moment = followed instanceof Promise ? await followed : followed;
    }
    return { local: { moment, half: this.#begun(moment.call, place), watch }, place, history };
  }

  /** Whatever a readdir that begins later may return, one that begins at once may return as well: it takes no step to begin. */
  #begun(call: Call | undefined, { disk }: Place): Half | undefined {
    if (call?.[0] !== 'readdir') return undefined;
    const [, directory] = call;
    const names = disk.names(directory);
    return names && { call: 'readdir', directory, always: names.sort(), sometimes: [] };
  }

  #isSilent([name, on]: Call): boolean {
    if (['size', 'bytes', 'read', 'close'].includes(name)) return true;
    if (['write', 'fsync', 'syncDirectory'].includes(name)) return this.#scenario.order === undefined;
    if (name === 'pause') return on !== Infinity;
    // Only the times of these are changed, or asked for their value.
    if (name === 'times') return !on.endsWith('.swaps');
    return name === 'readdir' && !this.#isWatched(on);
  }

  /** Directories in which something happens. */
  #isWatched(directory: string): boolean {
    return (
      directory === SHARD ||
      directory === IDS ||
      /^\/status\/(?:running|waiting|completed)$/.test(directory) ||
      directory.endsWith('.pit')
    );
  }

  #tellOthers(locals: number[], mover: number, { differences, place }: Moved): void {
    for (const { directory } of differences)
      if (!this.#isWatched(directory) && ![LAYOUT.dataRoot, LAYOUT.idsRoot, LAYOUT.statusRoot].includes(directory))
        throw new Error(`something happens in ${directory}, where nothing was expected`);
    for (const index of locals.keys()) {
      if (index === mover) continue;
      const local = this.#locals.at(locals[index] as number);
      let { half, watch } = local;
      if (half?.call === 'readdir') half = this.#seenChanging(half, differences);
      if (watch !== undefined) watch = watched(watch, place.seen);
      if (half !== local.half || watch !== local.watch) locals[index] = this.#local({ ...local, half, watch });
    }
  }

  #seenChanging(half: Half & { readonly call: 'readdir' }, differences: readonly Difference[]): Half {
    let { always, sometimes } = half;
    for (const { how, directory, name } of differences) {
      if (directory !== half.directory) continue;
      if (how === 'came' && !always.includes(name) && !sometimes.includes(name)) sometimes = sorted(sometimes, name);
      if (how === 'went' || (how === 'replaced' && this.#scenario.replacedMoves === true)) {
        if (!always.includes(name)) continue;
        always = always.filter((one) => one !== name);
        sometimes = sorted(sometimes, name);
      }
    }
    return always === half.always && sometimes === half.sometimes ? half : { ...half, always, sometimes };
  }

  /** Everybody dies here; power is cut here. */
  async #judge(state: State): Promise<void> {
    const { order, heals, newcomers: given = {} } = this.#scenario;
    const { disk } = this.#placeList[state.place] as Place;
    if (heals === true) {
      const haveEnded = state.locals.every((local) => this.#locals.at(local).moment.call === undefined);
      const miss = haveEnded ? missing(disk) : undefined;
      if (miss !== undefined) throw new Violation('not healed', miss, ['all have ended']);
      return;
    }
    if (order === undefined) {
      if (given !== 'none') await this.#all(disk, given, 'all die');
      return;
    }
    const { stored, acknowledged } = this.#histories.at(state.history);
    const key = `${state.place} ${stored.slice(acknowledged).join()}`;
    if (this.#dark.has(key)) return;
    this.#dark.add(key);
    const allowed = stored.slice(acknowledged);
    for (const left of disk.afterPowerCut()) {
      const what = `power is cut, leaving ${left.paths
        .filter((path) => !path.endsWith('.swaps'))
        .map(readableName)
        .join(' ')}`;
      const found = seen(left);
      if (found === 'torn') throw new Violation('torn', 'what is stored cannot be read', [what]);
      if (!allowed.includes(found?.nonce))
        throw new Violation(
          'lost',
          `${found?.nonce ?? 'nothing'} is stored, and ${stored[acknowledged] ?? 'a delete'} was acknowledged`,
          [what],
        );
      if (given !== 'none') await this.#all(left, given, what);
    }
  }

  async #all(disk: Disk, given: Newcomers, what: string): Promise<void> {
    const key = disk.visibleKey;
    if (this.#dead.has(key)) return;
    this.#dead.add(key);
    await newcomers(disk, given, what);
  }

  /** States on the way to that one. */
  #ancestors(to: number): number[] {
    const indexes: number[] = [];
    for (let index = to; index >= 0; index = this.#parents[index] as number) indexes.push(index);
    return indexes.reverse();
  }

  async #schedule(to: number): Promise<string[]> {
    const indexes = this.#ancestors(to);
    const lines: string[] = [];
    for (let i = 1; i < indexes.length; i++) {
      const index = indexes[i] as number;
      const mover = this.#movers[index] as number;
      const wanted = JSON.stringify(this.#state(index));
      const moves = await this.#moves(this.#state(indexes[i - 1] as number), mover);
      const text = moves.find(({ next }) => JSON.stringify(next) === wanted)?.text;
      lines.push(`${this.#nameOf(mover)}: ${text}`);
    }
    return lines;
  }
}

interface Choice {
  readonly half?: Half;
  readonly answer?: Answer;
  readonly key: string;
  readonly moved?: Moved;
  readonly text: string;
}

function keyOf(call: Call | undefined): string {
  if (call === undefined) return '';
  return call.map((part) => (typeof part === 'object' ? '' : String(part))).join(' ');
}

function answerKey(answer: Answer): string {
  if ('code' in answer) return answer.code;
  const { value } = answer;
  return Array.isArray(value) ? value.join() : JSON.stringify(value ?? null);
}

function readableName(path: string): string {
  return readable(path);
}

export function textOf({ moment, half }: Pick<Local, 'moment' | 'half'>): string {
  const [name, ...args] = moment.call ?? ['pause'];
  const second = half?.call === 'readdir' ? ' ends' : half?.call === 'link' ? ' acts' : '';
  const paths = args.filter((arg): arg is string => typeof arg === 'string').map(readable);
  return `${name}${second} ${paths.join(' → ')}`.trimEnd();
}
