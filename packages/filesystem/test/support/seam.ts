// System calls under observation: recorded, and by rule delayed, failed or replaced.

import { type FileOps, hybridFileOps } from '../../src/file-ops.js';

export interface SeenCall {
  readonly name: keyof FileOps;
  readonly args: readonly unknown[];
  /** Path arguments, last parts only, so that a test reads like the step list. */
  readonly text: string;
}

type Rule = (call: SeenCall, proceed: () => unknown) => unknown;

const UNTOUCHED = Symbol('not this rule');

export interface Stop {
  /** Resolves once the call is about to be made. */
  readonly reached: Promise<void>;
  /** Lets it be made. Never called: the process died there. */
  release(): void;
}

export class Seam {
  readonly ops: FileOps;
  calls: SeenCall[] = [];
  #rules: Rule[] = [];

  constructor(inner: FileOps = hybridFileOps()) {
    const wrapped: Partial<Record<keyof FileOps, unknown>> = {};
    for (const name of Object.keys(inner) as (keyof FileOps)[]) {
      wrapped[name] = (...args: unknown[]) => {
        const call: SeenCall = {
          name,
          args,
          text: [name, ...args.filter((arg) => typeof arg === 'string').map(short)].join(' '),
        };
        this.calls.push(call);
        const proceed = (): unknown => (inner[name] as (...args: unknown[]) => unknown)(...args);
        for (const rule of this.#rules) {
          const answer = rule(call, proceed);
          if (answer !== UNTOUCHED) return answer;
        }
        return proceed();
      };
    }
    this.ops = wrapped as FileOps;
  }

  get texts(): string[] {
    return this.calls.map(({ text }) => text);
  }

  forget(): void {
    this.calls = [];
  }

  /** Stops before the next call that matches, or before the call with that number: 0 is the next. */
  stopAt(which: RegExp | number): Stop {
    let reach!: () => void;
    let release!: () => void;
    const reached = new Promise<void>((resolve) => (reach = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    let used = false;
    let number = 0;
    this.#rules.push((call, proceed) => {
      if (used || !(typeof which === 'number' ? number++ === which : which.test(call.text))) return UNTOUCHED;
      used = true;
      reach();
      return released.then(proceed);
    });
    return { reached, release };
  }

  /** Makes no call any more from the one with that number on: 0 is the next. Resolves once that one was asked for. */
  dieAt(which: number): Promise<void> {
    let number = 0;
    return new Promise((resolve) => {
      this.#rules.push(() => {
        if (number++ < which) return UNTOUCHED;
        resolve();
        return new Promise(() => {});
      });
    });
  }

  /** Fails the next `times` calls that match, without making them. */
  failAt(pattern: RegExp, code: string, times = 1): void {
    this.replaceAt(
      pattern,
      () => {
        throw Object.assign(new Error(`${code}: injected`), { code });
      },
      times,
    );
  }

  replaceAt(pattern: RegExp, instead: (call: SeenCall, proceed: () => unknown) => unknown, times = 1): void {
    let left = times;
    this.#rules.push((call, proceed) => {
      if (left === 0 || !pattern.test(call.text)) return UNTOUCHED;
      left--;
      return instead(call, proceed);
    });
  }
}

/** `…/data/3f/.<hex>.2.<nonce>.tok` → `data/tok:2`: what a step list would say. */
export function short(path: string): string {
  const dot = /\/\.[0-9a-f]{32}\.(\d+)\.[0-9a-f]{16}(?:\.([0-9a-f]{16}))?\.(tmp|tok|dead|pit)(\/d)?$/.exec(path);
  if (dot !== null)
    return `${dot[3]}:${dot[1]}${dot[3] === 'tok' && dot[2] !== undefined ? '+turn' : ''}${dot[4] ?? ''}`;
  const marker = /\/status\/([a-z]+)\/[0-9a-f]{32}\.(\d+)\./.exec(path);
  if (marker !== null) return `${marker[1]}:${marker[2]}`;
  if (/\/ids\/[0-9a-f]{2}\/[0-9a-f]{32}\.[0-9a-f]{16}$/.test(path)) return 'id';
  if (/\/data\/[0-9a-f]{2}\/[0-9a-f]{32}$/.test(path)) return 'data';
  const shard = /\/(data|ids)\/[0-9a-f]{2}$/.exec(path);
  if (shard !== null) return `${shard[1]}/xx`;
  const status = /\/status\/([a-z.]+)$/.exec(path);
  if (status !== null) return `status/${status[1]}`;
  return path.slice(path.lastIndexOf('/') + 1);
}
