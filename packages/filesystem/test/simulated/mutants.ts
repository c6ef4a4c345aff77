// The protocol with one mechanism taken away or turned round: each a rewriting of the calls that the real code makes.

import { type Call, codeOf, type Steps } from '../../src/file-ops.js';
import { parseShardName } from '../../src/layout.js';
import { errorOf, type Intercept, type Role, type Script } from './actor.js';
import { directoryOf, nameOf as lastPart } from './disk.js';
import { nameOf } from './naming.js';
import { ID } from './roles.js';
import { IDS, LAYOUT, SHARD } from './store.js';

type Part = 'data' | 'tmp' | 'tok' | 'dead' | 'pit' | 'void' | 'struck' | 'marker' | 'entry' | 'other';

export function partOf(path: unknown): Part {
  if (typeof path !== 'string') return 'other';
  if (path === LAYOUT.data(ID)) return 'data';
  const directory = directoryOf(path);
  if (directory.endsWith('.pit')) return 'struck';
  if (directory === IDS) return 'entry';
  if (/^\/status\/[a-z]+$/.test(directory)) return 'marker';
  return directory === SHARD ? (parseShardName(lastPart(path))?.kind ?? 'other') : 'other';
}

/** `rename tmp data`, `link tok marker`, `unlink marker`. */
function kindOf(call: Call): string {
  const paths = call.slice(1).filter((part) => typeof part === 'string');
  return [call[0], ...paths.map(partOf)].join(' ');
}

function write(path: unknown): { readonly version: number; readonly nonce: string } {
  return (typeof path === 'string' ? parseShardName(lastPart(path)) : undefined) ?? { version: 0, nonce: '' };
}

function* made(call: Call): Steps<unknown> {
  return yield call;
}

/** Made, whatever comes of it. */
function* tried(call: Call): Steps<void> {
  try {
    yield call;
  } catch {}
}

/** Calls of these kinds are not made; they seem to succeed. */
export function without(isLeftOut: (call: Call, kind: string) => boolean): Intercept {
  return () =>
    function* (call) {
      return isLeftOut(call, kindOf(call)) ? undefined : yield call;
    };
}

/** That call first, before each of a kind. */
export function before(kind: string, first: Call): Intercept {
  return () =>
    function* (call) {
      if (kindOf(call) === kind) yield* tried(first);
      return yield call;
    };
}

/** Calls of these kinds wait until one of another kind has been made. */
export function late(kinds: readonly string[], until: string): Intercept {
  return () => {
    const waiting: Call[] = [];
    const made = new Set<string>();
    return function* (call) {
      const kind = kindOf(call);
      if (kinds.includes(kind) && !made.has(until)) {
        waiting.push(call);
        return kind.startsWith('create') ? NO_HANDLE : undefined;
      }
      if (call[0] === 'close' && call[1] === NO_HANDLE) return undefined;
      const answer = yield call;
      made.add(kind);
      if (kind === until) for (const one of waiting.splice(0)) yield* tried(one);
      return answer;
    };
  };
}

const NO_HANDLE = -1;

/** Other paths for some. */
export function renamed(to: (path: string) => string): Intercept {
  return () => (call) =>
    made(call.map((part) => (typeof part === 'string' && part.startsWith('/') ? to(part) : part)) as unknown as Call);
}

/** A marker or an entry, named by the id alone. */
export function byId(path: string): string {
  return `${directoryOf(path)}/${ID}${partOf(path) === 'marker' ? '.1' : ''}.${nameOf('0', 0)}${partOf(path) === 'marker' ? '.0' : ''}`;
}

/** The new marker made from the new token, once the write is published. */
export const markerLate: Intercept = () => {
  let marker: string | undefined;
  let token = '';
  return function* (call) {
    const kind = kindOf(call);
    if (kind === 'link tok marker') {
      marker = String(call[2]);
      return undefined;
    }
    const answer = yield call;
    if (kind === 'rename tok tok') token = String(call[2]);
    if (kind === 'rename tmp data' && marker !== undefined) yield* tried(['link', token, marker]);
    return answer;
  };
};

/** The token is not consumed. */
export const tokenCopied: Intercept = () =>
  function* (call) {
    const [, from, to] = call;
    if (kindOf(call) !== 'rename tok tok' || write(from).version === write(to).version) return yield call;
    return yield ['link', from as string, to as string];
  };

/** Delete by unlink, of whatever is there. */
export const unlinked: Intercept = () => (call) =>
  made(kindOf(call) === 'rename data struck' ? ['unlink', LAYOUT.data(ID)] : call);

/** A finisher leaves the pits of earlier owners. */
export const notDisabled: Intercept = () => {
  const own = new Set<unknown>();
  return function* (call) {
    if (call[0] === 'mkdir') own.add(call[1]);
    return kindOf(call) === 'rmdir pit' && !own.has(call[1]) ? undefined : yield call;
  };
};

/** The pit is made when the claim is already owned. */
export const pitLate: Intercept = () => {
  let pit: Call | undefined;
  return function* (call) {
    if (kindOf(call) === 'mkdir pit') {
      pit = call;
      return undefined;
    }
    const answer = yield call;
    if (/^rename (?:tok|dead) dead$/.test(kindOf(call)) && pit !== undefined) yield* tried(pit);
    return answer;
  };
};

/** The sweep does not give the token another turn. */
export const notFenced: Intercept = without(
  ([, from, to], kind) => kind === 'rename tok tok' && write(from).nonce === write(to).nonce,
);

/** The sweep takes the token of a create under way before its candidate. */
export const tokenFirst: Intercept = () =>
  function* (call) {
    if (kindOf(call) === 'unlink tmp') yield* tried(['unlink', LAYOUT.token(ID, write(call[1]))]);
    return yield call;
  };

/** A writer who finds its candidate gone believes that somebody has published it. */
export const goneIsPublished: Intercept = () =>
  function* (call) {
    if (kindOf(call) !== 'rename tmp data') return yield call;
    return yield* tried(call);
  };

/** Whoever finds a committed write without candidate leaves it at that. */
export const notTakenBack: Intercept = () =>
  function* (call) {
    if (kindOf(call) === 'link tok void') throw errorOf('ENOENT');
    return yield call;
  };

/** Who did not find a candidate to publish takes it for lost, without another look at what is stored. */
export const takenBackBlindly: Intercept = () => {
  let head: Uint8Array | undefined;
  let isStale = false;
  let own: unknown;
  return function* (call) {
    if (kindOf(call) === 'create tmp') own = call[1];
    if (isStale && kindOf(call) === 'open data') return NO_HANDLE;
    if (call[0] === 'read' && call[1] === NO_HANDLE) {
      call[2].set(head ?? []);
      return head?.length;
    }
    if (call[0] === 'close' && call[1] === NO_HANDLE) {
      isStale = false;
      return undefined;
    }
    try {
      const answer = yield call;
      if (call[0] === 'read') head = call[2].slice();
      return answer;
    } catch (error) {
      isStale = kindOf(call) === 'rename tmp data' && call[1] !== own && codeOf(error) === 'ENOENT';
      throw error;
    }
  };
};

/** A deleter whose data file another removed does not wait until that is durable. */
export const removedByAnother: Intercept = () => {
  let struck = true;
  return function* (call) {
    if (call[0] === 'syncDirectory' && !struck) return undefined;
    try {
      return yield call;
    } catch (error) {
      if (kindOf(call) === 'rename data struck') struck = false;
      throw error;
    }
  };
};

/** Removes every candidate, since it looks old. */
export function blindSweeper(): Role {
  return {
    role: 'blind sweeper',
    *script(): Script {
      const names = (yield ['readdir', SHARD]) as string[];
      for (const name of names) if (name.endsWith('.tmp')) yield* tried(['unlink', `${SHARD}/${name}`]);
      yield { note: 'swept' };
    },
  };
}

/** Lists by names of that part in the shard. */
export function listerOf(part: 'data' | 'tok'): Role {
  return {
    role: `list by ${part}`,
    *script(): Script {
      yield ['pause', Infinity];
      yield { note: 'lists', status: undefined };
      const names = (yield ['readdir', SHARD]) as string[];
      yield { note: 'listed', found: names.some((name) => partOf(`${SHARD}/${name}`) === part) };
    },
  };
}
