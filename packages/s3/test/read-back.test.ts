// The decision table, row by row: what is stored, seen by a write that was not answered with 200.
import type { BackendRecord, EnvelopeHeader, Expected, WriteRevision } from '@workflow-state/core/backend';
import { describe, expect, it } from 'vitest';
import { judge, type Standing, type Verdict } from '../src/read-back.js';

const n = (name: string): string => Buffer.from(name.padEnd(8, '.')).toString('hex');
const id = '0'.repeat(32) as BackendRecord['id'];

interface Facts {
  readonly version: number;
  readonly nonce: string;
  readonly parent?: string;
  readonly incarnation?: string;
  readonly first?: boolean;
  readonly kind?: EnvelopeHeader['kind'];
  readonly entered?: string;
}

function header({
  version,
  nonce,
  parent,
  incarnation = 'born',
  first = true,
  kind = 'live',
  entered = nonce,
}: Facts): Standing {
  const live = kind === 'live';
  return {
    etag: `etag of ${nonce}`,
    header: {
      id,
      kind,
      status: live ? 'running' : undefined,
      version,
      nonce: n(nonce),
      parent: parent === undefined ? undefined : n(parent),
      incarnation: n(incarnation),
      first,
      entered: live ? { version, nonce: n(entered), at: 0 } : undefined,
      createdAt: 0,
      updatedAt: 0,
      bodyBytes: 0,
      bodyCrc: 0,
    },
  };
}

function revision({
  version,
  nonce,
  incarnation = 'born',
  first = true,
  kind = 'live',
  entered = nonce,
}: Facts): WriteRevision {
  return {
    version,
    nonce: n(nonce),
    incarnation: n(incarnation),
    first,
    status: kind === 'live' ? 'running' : 'tombstone',
    entered: { version, nonce: n(entered), at: 0 },
    createdAt: 0,
  };
}

const record = (facts: Facts): BackendRecord => ({
  id,
  revision: revision(facts),
  updatedAt: 0,
  envelope: new Uint8Array(128),
});

/** `earlier`: a copy on another base is unanswered; the same as `doubt` where it is left out. */
type Row = readonly [what: string, found: Standing | undefined, noDoubt: Verdict, doubt: Verdict, earlier?: Verdict];
const unreadable: Standing = { header: undefined, etag: 'etag of ?' };

// Ours is version 5, entering a status, over version 4.
const base: Expected = revision({ version: 4, nonce: 'base' });
const updates: readonly Row[] = [
  ['our nonce', header({ version: 5, nonce: 'ours', parent: 'base' }), 'written', 'written'],
  ['our nonce as parent', header({ version: 6, nonce: 'next', parent: 'ours' }), 'superseded', 'superseded'],
  [
    'our nonce as parent of a tombstone',
    header({ version: 6, nonce: 'next', parent: 'ours', kind: 'tombstone' }),
    'superseded',
    'superseded',
  ],
  [
    'a live object that names our marker',
    header({ version: 9, nonce: 'later', parent: 'some', entered: 'ours' }),
    'superseded',
    'superseded',
  ],
  ['our base', header({ version: 4, nonce: 'base' }), 'unchanged', 'unchanged'],
  ['nothing', undefined, 'lost', 'lost'],
  ['another write of our version', header({ version: 5, nonce: 'rival', parent: 'base' }), 'lost', 'lost'],
  [
    'a tombstone of our version',
    header({ version: 5, nonce: 'rival', parent: 'base', kind: 'tombstone' }),
    'lost',
    'lost',
  ],
  ['the successor of another', header({ version: 6, nonce: 'next', parent: 'rival' }), 'lost', 'lost'],
  ['two successors', header({ version: 7, nonce: 'later', parent: 'next' }), 'lost', 'unknown'],
  ['another incarnation, first', header({ version: 1, nonce: 'anew', incarnation: 'anew' }), 'lost', 'lost'],
  [
    'another incarnation, over a tombstone',
    header({ version: 1, nonce: 'anew', incarnation: 'anew', first: false }),
    'lost',
    'unknown',
  ],
  ['an older version, as from a backup', header({ version: 2, nonce: 'old' }), 'lost', 'unknown'],
  ['what cannot be read', unreadable, 'lost', 'unknown'],
];

const creates: readonly Row[] = [
  ['our nonce', header({ version: 1, nonce: 'ours', incarnation: 'ours' }), 'written', 'written'],
  [
    'our nonce as parent',
    header({ version: 2, nonce: 'next', parent: 'ours', incarnation: 'ours' }),
    'superseded',
    'superseded',
  ],
  [
    'our incarnation',
    header({ version: 7, nonce: 'later', parent: 'some', incarnation: 'ours' }),
    'superseded',
    'superseded',
  ],
  [
    'our incarnation, deleted',
    header({ version: 7, nonce: 'later', parent: 'some', incarnation: 'ours', kind: 'tombstone' }),
    'superseded',
    'superseded',
  ],
  ['nothing', undefined, 'unchanged', 'unchanged'],
  ['another instance, first', header({ version: 3, nonce: 'other' }), 'lost', 'lost'],
  ['another instance, over a tombstone', header({ version: 3, nonce: 'other', first: false }), 'lost', 'unknown'],
  ['a tombstone, first', header({ version: 3, nonce: 'other', kind: 'tombstone' }), 'continue', 'continue'],
  [
    'a tombstone over a tombstone',
    header({ version: 3, nonce: 'other', kind: 'tombstone', first: false }),
    'continue',
    'unknown',
  ],
  ['a condemned one, first', header({ version: 3, nonce: 'other', kind: 'condemned' }), 'busy', 'unknown'],
  [
    'a condemned one over a tombstone',
    header({ version: 3, nonce: 'other', kind: 'condemned', first: false }),
    'busy',
    'unknown',
  ],
  ['what cannot be read', unreadable, 'lost', 'unknown'],
];

const tombstone = revision({ version: 3, nonce: 'dead', kind: 'tombstone' });
const recreates: readonly Row[] = [
  [
    'our nonce',
    header({ version: 1, nonce: 'ours', parent: 'dead', incarnation: 'ours', first: false }),
    'written',
    'written',
  ],
  ['that tombstone', header({ version: 3, nonce: 'dead', kind: 'tombstone' }), 'unchanged', 'unchanged'],
  ['nothing', undefined, 'restart', 'restart'],
  [
    'another instance over it',
    header({ version: 1, nonce: 'other', parent: 'dead', incarnation: 'other', first: false }),
    'lost',
    'lost',
    'unknown',
  ],
  [
    'another instance over another tombstone',
    header({ version: 1, nonce: 'other', parent: 'gone', incarnation: 'other', first: false }),
    'lost',
    'unknown',
  ],
  [
    'that tombstone, condemned',
    header({ version: 4, nonce: 'doomed', parent: 'dead', kind: 'condemned', first: false }),
    'busy',
    'busy',
    'unknown',
  ],
];

const broken: Expected = { damaged: true, envelope: new Uint8Array(3), hint: 'etag of ?' };
const repairs: readonly Row[] = [
  ['the same bytes', unreadable, 'unchanged', 'unchanged'],
  ['other bytes that cannot be read', { ...unreadable, etag: 'else' }, 'lost', 'unknown'],
  ['our nonce', header({ version: 1, nonce: 'ours', incarnation: 'ours', first: false }), 'written', 'written'],
  ['another write', header({ version: 1, nonce: 'other', incarnation: 'other', first: false }), 'lost', 'unknown'],
  ['nothing', undefined, 'lost', 'lost'],
];

const create = record({ version: 1, nonce: 'ours', incarnation: 'ours' });
describe.each<[string, BackendRecord, Expected, readonly Row[]]>([
  ['a save', record({ version: 5, nonce: 'ours' }), base, updates],
  ['a create', create, undefined, creates],
  ['a create over a tombstone', create, tombstone, recreates],
  ['a write over a damaged record', create, broken, repairs],
])('%s that finds', (_name, ours, expected, rows) => {
  const cases = rows.map(([what, found, noDoubt, doubt, earlier = doubt]) => ({
    what,
    found,
    noDoubt,
    doubt,
    earlier,
  }));
  it.each(cases)('$what', ({ found, noDoubt, doubt, earlier }) => {
    expect(judge(ours, expected, found, false), 'every copy refused').toBe(noDoubt);
    expect(judge(ours, expected, found, 'on this base'), 'a copy unanswered').toBe(doubt);
    expect(judge(ours, expected, found, 'on another base'), 'an earlier copy unanswered').toBe(earlier);
  });
});

describe('a delete', () => {
  it('is not taken for applied by a marker: a tombstone names none', () => {
    const ours = record({ version: 5, nonce: 'ours', kind: 'tombstone' });
    expect(
      judge(ours, base, header({ version: 7, nonce: 'later', parent: 'next', entered: 'ours' }), 'on this base'),
    ).toBe('unknown');
  });
});
