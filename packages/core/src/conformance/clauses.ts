// The clauses of CONTRACT.md, as reports and failures quote them. A test keeps this list and that page in step.

export interface Clause {
  readonly number: number;
  readonly name: string;
  readonly promise: string;
}

export const CLAUSES: readonly Clause[] = [
  {
    number: 0,
    name: 'Harness',
    promise: 'Every location that the harness creates is fresh, empty and isolated from every other.',
  },
  {
    number: 1,
    name: 'Round trip',
    promise:
      'Every field comes back equal: empty and 1 MiB values, all byte values, any key (`__proto__`, empty, leading BOM), all doubles (NaN, −0, ±Infinity), any valid `Date`.',
  },
  {
    number: 2,
    name: 'Isolation',
    promise:
      "Nothing a caller does to an object after `save` or `load` changes what is stored or what another caller sees. A failed call leaves the caller's object as it was.",
  },
  {
    number: 3,
    name: 'Compare-and-set',
    promise:
      'Of any number of racing saves from one revision exactly one succeeds, across stores, processes and hosts within the declared `sharing`.',
  },
  {
    number: 4,
    name: 'No lost acknowledgement',
    promise:
      'Once `save` resolves, every later `load` sees that write or a successor. Per instance, operations are linearizable.',
  },
  {
    number: 5,
    name: 'No resurrection',
    promise:
      'A delayed writer, deleter or helper can never overwrite, revive or destroy: not after newer saves, not after delete, not after delete and re-create under the same id.',
  },
  {
    number: 6,
    name: 'Honest outcome',
    promise:
      'Success, proved failure and `OUTCOME_UNKNOWN` are three answers. No retry turns our own success into a conflict, or a doubt into either.',
  },
  {
    number: 7,
    name: 'Durability',
    promise:
      '`process`: survives SIGKILL at any instruction. `power-loss`: an acknowledged save survives a power cut. What is stored is at any moment the old or the new state, never a torn one.',
  },
  {
    number: 8,
    name: 'Listing',
    promise:
      '`listByStatus(kind)` never misses an instance that had that kind throughout the call as `load` would have shown it; it may name one too many only while a writer is in mid-transition (a losing one too, or a create under way), or after one died there, until healed. `list` never omits what `load` shows throughout. Several kinds: the guarantee holds per kind. Listings by kind read no bodies. No duplicates, ascending.',
  },
  {
    number: 9,
    name: 'Cleanup',
    promise:
      "Cleanup removes only terminal instances older than the retention on the store's clock (age > retention; a future `updatedAt` is kept), never one that changed since it was judged.",
  },
  {
    number: 10,
    name: 'Corruption is contained',
    promise:
      'A bad record fails its own calls with a precise error, is reported by whatever must read it, never hides or breaks another, and can be deleted or overwritten on request. Names that are not ours are ignored by listings, never touched, and reported by `verify`.',
  },
  {
    number: 11,
    name: 'Refusal comes first',
    promise: 'Invalid input is refused before anything is written, with the path, the value and the remedy.',
  },
  { number: 12, name: 'Capabilities are true', promise: 'Capabilities are true, in both directions.' },
  {
    number: 13,
    name: 'Lifecycle',
    promise: 'Close releases every handle; every later call is `STORE_CLOSED`.',
  },
  {
    number: 14,
    name: 'Formats last',
    promise:
      'Any state written by any released version stays readable; a newer format is refused, not guessed. Fixtures of every format version are kept for ever.',
  },
];

export function clauseOf(number: number): Clause {
  const clause = CLAUSES.find((candidate) => candidate.number === number);
  if (clause === undefined) throw new RangeError(`there is no clause ${number}`);
  return clause;
}
