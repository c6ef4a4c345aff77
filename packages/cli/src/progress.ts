// A line on standard error that says how far a long command is. Only on a terminal, and only once it has taken a second.

import type { SingleBar } from 'cli-progress';
import { count } from './text.js';
import { styled } from './terminal.js';

const PATIENCE = 1000;

export interface Progress {
  /** One more is done. */
  tick(): void;
  /** How many there will be, once that is known. */
  expect(total: number): void;
  /** Takes the line away while `print` writes, which may be to the same terminal. */
  aside(print: () => Promise<void>): Promise<void>;
  end(): void;
}

/** `what` is done to `things`, as in "copying", "instances". */
export function progress(what: string, things: string): Progress {
  if (!process.stderr.isTTY) return { tick() {}, expect() {}, aside: (print) => print(), end() {} };
  let done = 0;
  let total: number | undefined;
  let bar: SingleBar | undefined;
  let ended = false;
  const timer = setTimeout(() => void appear(), PATIENCE);
  timer.unref();

  async function appear(): Promise<void> {
    const { SingleBar } = await import('cli-progress');
    if (ended || bar !== undefined) return;
    const quiet = (text: string): string => styled('dim', text, process.stderr);
    bar = new SingleBar({
      stream: process.stderr,
      format: (options, params, { things: named }) =>
        total === undefined
          ? `${what} ${quiet(`${count(params.value)} ${String(named)}`)}`
          : `${what} ${drawn(options.barCompleteString, options.barIncompleteString, params.progress)} ` +
            quiet(`${count(params.value)} of ${count(params.total)} ${String(named)}, ${left(params)}`),
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 24,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      fps: 8,
      etaBuffer: 1000,
    });
    bar.start(total ?? Number.MAX_SAFE_INTEGER, done, { things });
  }

  const drop = (): void => {
    bar?.stop();
    bar = undefined;
  };

  return {
    tick() {
      done++;
      bar?.update(done);
    },
    expect(expected) {
      total = expected;
      bar?.setTotal(expected);
    },
    async aside(print) {
      const shown = bar !== undefined;
      drop();
      await print();
      if (shown) await appear();
    },
    end() {
      ended = true;
      clearTimeout(timer);
      drop();
    },
  };
}

function drawn(complete = '', incomplete = '', part: number): string {
  const filled = Math.round(Math.min(1, part) * complete.length);
  return `${complete.slice(0, filled)}${styled('dim', incomplete.slice(filled), process.stderr)}`;
}

function left({ eta, value, total }: { readonly eta: number; readonly value: number; readonly total: number }): string {
  if (value >= total) return 'almost done';
  if (!Number.isFinite(eta) || eta <= 0) return 'a moment left';
  return eta < 90 ? `${Math.ceil(eta)} s left` : `${Math.ceil(eta / 60)} min left`;
}
