// Whether a history of calls on one instance could have happened one after another: each at one moment between its
// beginning and its end, against a register of revisions. A write of unknown outcome happened at any moment since its
// beginning, or never.

export type Call = {
  readonly began: number;
  ended: number;
  readonly name: string;
  readonly what: Effect;
};

export type Effect =
  | { readonly kind: 'read'; saw: string | undefined }
  /** `from`: what it replaced. `to`: what was there then, `undefined` after a delete. */
  | { readonly kind: 'write'; readonly from: From; readonly to: string | undefined }
  | { readonly kind: 'conflict'; readonly from: string | undefined }
  /** A write of unknown outcome. Where it left something, nobody was told under which revision: `NEW`. */
  | { readonly kind: 'maybe'; readonly from: From; readonly to: typeof NEW | undefined }
  | { readonly kind: 'nothing' };

/** A revision, nothing, `ANY` revision, or `EITHER`: a revision or nothing. */
type From = string | undefined;
export const ANY = 'any';
export const EITHER = 'either';
export const NEW = 'new';

export function linearizable(calls: readonly Call[], start: string | undefined): boolean {
  const failed = new Set<string>();
  const told = new Set([start, ...calls.map(({ what }) => (what.kind === 'write' ? what.to : undefined))]);
  const search = (left: number, value: string | undefined): boolean => {
    const must = calls.filter(
      (call, i) => left & (1 << i) && call.what.kind !== 'maybe' && call.what.kind !== 'nothing',
    );
    if (must.length === 0) return true;
    const key = `${left} ${value}`;
    if (failed.has(key)) return false;
    const firstEnd = Math.min(...must.map((call) => call.ended));
    for (const [i, call] of calls.entries()) {
      if (!(left & (1 << i)) || call.began > firstEnd) continue;
      for (const next of after(call.what, value, told)) if (search(left & ~(1 << i), next.value)) return true;
    }
    failed.add(key);
    return false;
  };
  return search((1 << calls.length) - 1, start);
}

function after(
  what: Effect,
  value: string | undefined,
  told: ReadonlySet<string | undefined>,
): readonly { readonly value: string | undefined }[] {
  switch (what.kind) {
    case 'read':
      // Who reads what a write of unknown outcome left is the first to learn its revision.
      return what.saw === value || (value === NEW && !told.has(what.saw)) ? [{ value: what.saw }] : [];
    case 'conflict':
      return what.from === value ? [] : [{ value }];
    case 'write':
    case 'maybe': {
      const fits = what.from === EITHER || (what.from === ANY ? value !== undefined : what.from === value);
      return fits ? [{ value: what.to }] : [];
    }
    case 'nothing':
      return [];
  }
}
