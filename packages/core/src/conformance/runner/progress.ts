// One line on a terminal that tells which case is running; on anything else nothing.

import type { WriteStream } from 'node:tty';
import type { ConformanceCase } from '../case.js';
import type { CaseResult } from '../run-case.js';

export interface Progress {
  begin(one: ConformanceCase): void;
  end(result: CaseResult): void;
  clear(): void;
}

const CLEAR_LINE = '\r\u001B[K';

export function progressOn(stream: WriteStream, total: number): Progress {
  if (!stream.isTTY) return { begin() {}, end() {}, clear() {} };
  let done = 0;
  let red = 0;
  return {
    begin({ id }) {
      stream.write(`${CLEAR_LINE}${done + 1}/${total}${red === 0 ? '' : ` (${red} red)`}  ${id}`);
    },
    end({ id, outcome }) {
      done++;
      if (outcome !== 'failed' && outcome !== 'crashed') return;
      red++;
      stream.write(`${CLEAR_LINE}${outcome}  ${id}\n`);
    },
    clear() {
      stream.write(CLEAR_LINE);
    },
  };
}
