// An actor: real code that stops at every system call. What it does next is a function of the answers it got, so a
// search keeps the answers, and runs the code again from the start where it needs it a second time.

import type { Call, Machine, Steps } from '../../src/file-ops.js';
import type { Answer, Code } from './disk.js';
import { type Naming, nowRuns } from './naming.js';

/** What an actor tells the checker. Not a step. */
export type Note =
  /** It is going to delete that write. */
  | { readonly note: 'deletes'; readonly nonce: string }
  /** Success. */
  | { readonly note: 'saved' | 'deleted'; readonly nonce: string }
  /** Certainly not written, nor will it be. `was`: proved, besides, that this write is not stored. */
  | { readonly note: 'refused'; readonly nonce: string; readonly was: string | undefined; readonly record: boolean }
  | { readonly note: 'in doubt'; readonly nonce: string }
  /** There was nothing to save or to delete. */
  | { readonly note: 'absent' }
  /** A listing begins: of a status, or of all. */
  | { readonly note: 'lists'; readonly status: string | undefined }
  | { readonly note: 'listed'; readonly found: boolean }
  | { readonly note: 'loads' }
  | { readonly note: 'loaded'; readonly nonce: string | undefined }
  | { readonly note: 'swept' }
  /** What cannot be without a fault. */
  | { readonly note: 'failed'; readonly error: unknown };

export type Script = Generator<Call | Note, void, unknown>;
/** For code that takes a machine. */
export type AsyncScript = (machine: Machine, note: (note: Note) => void) => Promise<void>;

/** Makes something else of a call: the way in which a mutant differs. Made anew for each actor. */
export type Intercept = () => (call: Call) => Steps<unknown>;

export interface Step {
  readonly notes: readonly Note[];
  /** `undefined`: ended. */
  readonly call: Call | undefined;
}

export interface Running {
  /** `answer`: to the call of the step before; none at the beginning. */
  advance(answer: Answer | undefined): Step | Promise<Step>;
}

export interface Role {
  /** For traces. */
  readonly role: string;
  readonly script: () => Script | AsyncScript;
  readonly intercept?: Intercept | undefined;
  /** Names in a directory that make a difference to it. */
  readonly looksFor?: RegExp;
}

/** `mostNames`: who has drawn more is left where it is. */
export function runningOf({ script, intercept }: Role, actor: string, mostNames: number): Running {
  const naming: Naming = { actor, drawn: 0 };
  const made = script();
  return typeof made === 'function'
    ? new RunningAsync(made, naming, mostNames, intercept?.())
    : new RunningScript(intercept === undefined ? made : through(made, intercept()), naming, mostNames);
}

class RunningScript implements Running {
  readonly #script: Script;
  readonly #naming: Naming;
  readonly #mostNames: number;
  #call: Call | undefined;

  constructor(script: Script, naming: Naming, mostNames: number) {
    this.#script = script;
    this.#naming = naming;
    this.#mostNames = mostNames;
  }

  advance(answer: Answer | undefined): Step {
    nowRuns(this.#naming);
    const notes: Note[] = [];
    try {
      let step =
        answer !== undefined && 'code' in answer
          ? this.#script.throw(errorOf(answer.code))
          : this.#script.next(answer && valueFor(this.#call, answer));
      while (step.done !== true) {
        if (isCall(step.value)) {
          this.#call = this.#naming.drawn > this.#mostNames ? undefined : step.value;
          return { notes, call: this.#call };
        }
        notes.push(step.value);
        step = this.#script.next();
      }
    } catch (error) {
      notes.push({ note: 'failed', error });
    }
    return { notes, call: undefined };
  }
}

/** Every call of `script`, made into what `intercept` makes of it. */
function* through(script: Script, intercept: (call: Call) => Steps<unknown>): Script {
  let step = script.next();
  while (step.done !== true) {
    let answer: unknown;
    if (isCall(step.value)) {
      try {
        answer = yield* intercept(step.value);
      } catch (error) {
        step = script.throw(error);
        continue;
      }
    } else {
      yield step.value;
    }
    step = script.next(answer);
  }
}

interface Asked {
  readonly steps: Steps<unknown>;
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

class RunningAsync implements Running {
  readonly #script: AsyncScript;
  readonly #naming: Naming;
  readonly #mostNames: number;
  readonly #intercept: (call: Call) => Steps<unknown>;
  #notes: Note[] = [];
  #asked: Asked | undefined;
  #ended = false;

  constructor(
    script: AsyncScript,
    naming: Naming,
    mostNames: number,
    intercept: (call: Call) => Steps<unknown> = once,
  ) {
    this.#script = script;
    this.#naming = naming;
    this.#mostNames = mostNames;
    this.#intercept = intercept;
  }

  async advance(answer: Answer | undefined): Promise<Step> {
    nowRuns(this.#naming);
    this.#notes = [];
    if (answer === undefined) {
      const ended = (): void => void (this.#ended = true);
      this.#script(this.#machine(), (note) => this.#notes.push(note)).then(ended, (error: unknown) => {
        this.#notes.push({ note: 'failed', error });
        ended();
      });
    } else if (this.#asked !== undefined) {
      const { steps, call, resolve, reject } = this.#asked;
      this.#asked = undefined;
      const next = (): IteratorResult<Call, unknown> =>
        'code' in answer ? steps.throw(errorOf(answer.code)) : steps.next(valueFor(call, answer));
      this.#ask(steps, next, resolve, reject);
    }
    // Until it stops at its next call. Nobody else runs meanwhile.
    while (this.#asked === undefined && !this.#ended) await turn;
    const call = this.#naming.drawn > this.#mostNames ? undefined : this.#asked?.call;
    return { notes: this.#notes, call };
  }

  #ask(
    steps: Steps<unknown>,
    next: () => IteratorResult<Call, unknown>,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    let step;
    try {
      step = next();
    } catch (error) {
      reject(error);
      return;
    }
    if (step.done === true) {
      resolve(step.value);
      return;
    }
    if (this.#asked !== undefined) throw new Error('one call at a time');
    this.#asked = { steps, call: step.value, resolve, reject };
  }

  #machine(): Machine {
    const machine: Partial<Record<keyof Machine, unknown>> = {};
    for (const name of CALLS) {
      machine[name] = (...args: unknown[]): Promise<unknown> => {
        // 255 shards are not there.
        if (name === 'readdir' && /^\/(?:data|ids)\/(?!00)/.test(String(args[0]))) throw errorOf('ENOENT');
        return new Promise((resolve, reject) => {
          const steps = this.#intercept([name, ...args] as unknown as Call);
          this.#ask(steps, () => steps.next(), resolve, reject);
        });
      };
    }
    return machine as Machine;
  }
}

const CALLS: readonly (keyof Machine)[] = [
  'create', 'open', 'size', 'read', 'write', 'fsync', 'close', 'link', 'rename', 'unlink', 'mkdir', 'rmdir', 'exists',
  'readdir', 'bytes', 'times', 'setModified', 'filesystemType', 'ensureDirectory', 'pause', 'syncDirectory',
]; // prettier-ignore

function* once(call: Call): Steps<unknown> {
  return yield call;
}

function isCall(yielded: Call | Note): yielded is Call {
  return Array.isArray(yielded);
}

/** Lets other code have its turn: what was resolved goes on. */
const turn = Promise.resolve();

const errors = new Map<Code, Error>();

export function errorOf(code: Code): Error {
  let error = errors.get(code);
  if (error === undefined) {
    error = Object.assign(new Error(code), { code });
    errors.set(code, error);
  }
  return error;
}

/** `read` answers into the caller's memory. */
export function valueFor(
  call: Call | undefined,
  answer: { readonly value: unknown; readonly bytes?: Uint8Array },
): unknown {
  if (call?.[0] === 'read' && answer.bytes !== undefined) call[2].set(answer.bytes, call[3]);
  return answer.value;
}
