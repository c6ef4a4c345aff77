// The operations that a failure's message shows: the fewest that tell why the promise is broken. Where two answers cannot
// both be true, those two, and the write that both build on; otherwise the last ones, refusals that touched nothing left
// out, and of many only those of the instance that the last one is about.

import type { Operation } from './history.js';

/** Two operations that no order explains. */
export type Contradiction = readonly [Operation, Operation];

const SHOWN = 40;
/** Refused before the backend was asked for anything. */
const REFUSED: readonly string[] = ['INVALID_ARGUMENT', 'INVALID_STATE', 'STORE_CLOSED'];

/** The first version that two operations claim to have written. */
export function acknowledgedTwice(operations: readonly Operation[]): Contradiction | undefined {
  const writers = new Map<string, Operation>();
  for (const operation of operations) {
    if (!operation.writes || operation.outcome !== 'ok' || operation.version === undefined) continue;
    const claim = `${operation.id} ${operation.version} ${operation.incarnation}`;
    const other = writers.get(claim);
    if (other !== undefined && other.nonce !== operation.nonce) return [other, operation];
    writers.set(claim, operation);
  }
  return undefined;
}

export function tellHistory(operations: readonly Operation[], contradiction: Contradiction | undefined): string {
  const pair = contradiction ?? acknowledgedTwice(operations);
  const shown = pair === undefined ? last(operations) : around(operations, pair);
  if (shown.length === 0) return '';
  const left = operations.length - shown.length;
  const remarks = [
    ...(left === 0 ? [] : [`${left} others are not shown`]),
    ...(pair === undefined ? [] : ['those marked ► cannot both be']),
  ];
  return [
    `  operations, in the order in which they began (clock ticks of begin–end)${remarks.map((text) => `; ${text}`).join('')}:`,
    ...shown.map((operation) => lineOf(operation, pair?.includes(operation) === true ? '►' : ' ')),
  ].join('\n');
}

function last(operations: readonly Operation[]): readonly Operation[] {
  const end = operations.length - 1;
  const touched = operations.filter(({ outcome }, at) => at === end || !REFUSED.includes(outcome));
  if (touched.length <= SHOWN) return touched;
  const about = touched.findLast(({ op, handle }) => !op.startsWith('backend.') && handle !== 'case')?.id;
  return touched.filter(({ id }) => about === undefined || id === undefined || id === about).slice(-SHOWN);
}

/** The two, and what was written in their versions and the one before. */
function around(operations: readonly Operation[], pair: Contradiction): readonly Operation[] {
  const [{ id }] = pair;
  const versions = pair.map(({ version = 0 }) => version);
  const [least, most] = [Math.min(...versions) - 1, Math.max(...versions)];
  const stores = operations.filter(
    (operation) =>
      pair.includes(operation) ||
      (operation.id === id &&
        operation.writes &&
        operation.outcome === 'ok' &&
        operation.version !== undefined &&
        operation.version >= least &&
        operation.version <= most),
  );
  const nonces = new Set(stores.map(({ nonce }) => nonce).filter((nonce) => nonce !== undefined));
  const wanted = new Set([
    ...stores,
    ...operations.filter(({ op, nonce }) => op === 'backend.write' && nonce !== undefined && nonces.has(nonce)),
  ]);
  return operations.filter((operation) => wanted.has(operation)).slice(0, SHOWN);
}

export function lineOf({ handle, op, detail, begin, end, answer }: Operation, mark: string = ' '): string {
  const ticks = `${begin}–${end === Infinity ? '' : end}`.padEnd(9);
  const name = op.startsWith('backend.') ? `  ${op}` : handle === 'case' ? `· ${op}` : `${handle}.${op}`;
  return `  ${mark} ${ticks} ${name}${detail === '' ? '' : `(${detail})`}${answer === '' ? '' : ` → ${answer}`}`;
}
