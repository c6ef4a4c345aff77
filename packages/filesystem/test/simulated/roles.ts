// What actors do: real operations of the backend, and what they then know.

import type { BackendRecord, InstanceId, StatusKind, WriteRevision } from '@workflow-state/core/backend';
import {
  isNotApplied,
  isRevisionConflict,
  isStateStoreError,
  readHeader,
  revisionOfHeader,
} from '@workflow-state/core/backend';
import { create } from '../../src/create.js';
import { readHead, readStart } from '../../src/data-file.js';
import { remove } from '../../src/delete.js';
import type { Call, Steps } from '../../src/file-ops.js';
import { scanIds } from '../../src/id-index.js';
import { save } from '../../src/save.js';
import { scanStatus, type Stay } from '../../src/status-index.js';
import { sweepInstance, sweepStore } from '../../src/sweep.js';
import type { Volume } from '../../src/volume.js';
import { created, following } from '../support/records.js';
import type { Intercept, Note, Role, Script } from './actor.js';
import { nextName } from './naming.js';

export const ID: InstanceId = `00${'e'.repeat(30)}` as InstanceId;

export type Base = WriteRevision & Stay;

/** What `resolve` and `finishDelete` look for. */
const HOLDS = /\.(?:tok|dead|pit)$/;

export interface Options {
  readonly intercept?: Intercept | undefined;
  /** How often a conflict is followed by another load and save. */
  readonly attempts?: number;
  /** Where the backend asks to come again with a new nonce: do not. */
  readonly sameNonce?: boolean;
  /** Of a create: of the record that is copied. */
  readonly version?: number;
}

/** Saves what it loads, with another status (`!`), with that one, or with the same (`=`). */
export function writer(volume: Volume, to: StatusKind | '!' | '=', options: Options = {}): Role {
  return {
    role: `writer ${to}`,
    intercept: options.intercept,
    looksFor: HOLDS,
    *script(): Script {
      for (let attempt = options.attempts ?? 1; attempt > 0; attempt--) {
        const base = yield* load(volume);
        if (base === undefined) {
          yield { note: 'absent' };
          return;
        }
        const other = base.status === 'running' ? 'waiting' : 'running';
        const status = to === '!' ? other : to === '=' ? base.status : to;
        if (yield* saveOn(volume, base, status, options)) return;
      }
    },
  };
}

function* saveOn(volume: Volume, stored: Base, status: StatusKind, { sameNonce }: Options): Part<boolean> {
  let base = stored;
  for (let nonce = nextName(); ; nonce = sameNonce === true ? nonce : nextName()) {
    const record = following({ id: ID, revision: base } as BackendRecord, status, { nonce, bodyBytes: 8, at: 0 });
    try {
      yield* save(volume, record, base, {});
      yield { note: 'saved', nonce };
      return true;
    } catch (error) {
      // Come again under the same nonce: whether it will be stored is not said yet.
      const isOpen = sameNonce === true && isNotApplied(error) && error.comeAgain !== undefined;
      const again = isOpen ? error.comeAgain : yield* judged(error, nonce, base.nonce, true);
      if (again === undefined) return !isRevisionConflict(error);
      base = { ...base, ...again };
    }
  }
}

export function creator(volume: Volume, status: StatusKind, options: Options = {}): Role {
  return {
    role: options.version === undefined ? `creator ${status}` : `copier ${status} ${options.version}`,
    intercept: options.intercept,
    looksFor: HOLDS,
    *script(): Script {
      for (let nonce = nextName(); ; nonce = nextName()) {
        const record = created(status, ID, { nonce, bodyBytes: 8, at: 0, version: options.version ?? 1 });
        try {
          yield* create(volume, record as BackendRecord & { readonly revision: Base }, {});
          yield { note: 'saved', nonce };
          return;
        } catch (error) {
          if ((yield* judged(error, nonce, undefined, true)) === undefined) return;
        }
      }
    },
  };
}

/** Deletes what it loads. */
export function deleter(volume: Volume, options: Options = {}): Role {
  return {
    role: 'deleter',
    intercept: options.intercept,
    looksFor: HOLDS,
    *script(): Script {
      for (let attempt = options.attempts ?? 1; attempt > 0; attempt--) {
        const base = yield* load(volume);
        if (base === undefined) {
          yield { note: 'absent' };
          return;
        }
        yield { note: 'deletes', nonce: base.nonce };
        try {
          yield* remove(volume, ID, base, {});
          yield { note: 'deleted', nonce: base.nonce };
          return;
        } catch (error) {
          yield* judged(error, base.nonce, base.nonce, false);
          if (!isRevisionConflict(error)) return;
        }
      }
    },
  };
}

type Part<Result> = Generator<Call | Note, Result, unknown>;

/** What an error proves. Defined: to be offered again. */
function* judged(
  error: unknown,
  nonce: string,
  was: string | undefined,
  record: boolean,
): Part<{ readonly hint?: string | undefined } | undefined> {
  if (isRevisionConflict(error)) {
    yield { note: 'refused', nonce, was, record };
    return undefined;
  }
  if (isNotApplied(error) && error.comeAgain !== undefined) {
    yield { note: 'refused', nonce, was: undefined, record };
    return error.comeAgain;
  }
  if (isStateStoreError(error) && error.code === 'OUTCOME_UNKNOWN') yield { note: 'in doubt', nonce };
  else yield { note: 'failed', error };
  return undefined;
}

function* load(volume: Volume): Steps<Base | undefined> {
  const head = yield* readHead(volume.layout, ID);
  return head && (revisionOfHeader(head) as Base);
}

/** Loads once, at some time. */
export function reader(volume: Volume): Role {
  return {
    role: 'reader',
    *script(): Script {
      yield LATER;
      yield { note: 'loads' };
      const bytes = yield* readStart(volume.layout, ID);
      yield { note: 'loaded', nonce: bytes && readHeader(bytes).nonce };
    },
  };
}

/** A step at which nothing happens: what follows may begin at any time. */
const LATER: Call = ['pause', Infinity];

/** `undefined`: `list`. */
export function lister({ layout }: Volume, status: StatusKind | undefined, options: Options = {}): Role {
  return {
    role: status === undefined ? 'list' : `list ${status}`,
    intercept: options.intercept,
    script: () => async (machine, note) => {
      await machine.pause(Infinity);
      note({ note: 'lists', status });
      const pages =
        status === undefined ? scanIds(machine, layout, {}, {}) : scanStatus(machine, layout, status, {}, {});
      let found = 0;
      for await (const page of pages) found += page.filter(({ id }) => id === ID).length;
      if (found > 1) note({ note: 'failed', error: new Error('named twice') });
      note({ note: 'listed', found: found > 0 });
    },
  };
}

/** The sweep of this one instance, whether it looks as if it needed one or not. */
export function instanceSweeper(volume: Volume, options: Options = {}): Role {
  return {
    role: 'sweeper',
    intercept: options.intercept,
    *script(): Script {
      try {
        yield* sweepInstance(volume, ID, undefined);
        yield { note: 'swept' };
      } catch (error) {
        yield { note: 'failed', error };
      }
    },
  };
}

/** The sweep of the whole store. Leftovers of any age. */
export function sweeper(volume: Volume, options: Options = {}): Role {
  return {
    role: 'sweeper',
    intercept: options.intercept,
    script: () => async (machine, note) => {
      const { failures } = await sweepStore(machine, volume, 0, {});
      for (const { error } of failures) note({ note: 'failed', error });
      note({ note: 'swept' });
    },
  };
}
