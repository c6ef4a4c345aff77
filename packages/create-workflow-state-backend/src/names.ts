// One name makes all others: of the package, of its files, of what it exports.

export interface Names {
  /** As npm knows it: `@acme/redis-backend`. */
  readonly package: string;
  /** Of the file and in reports: `redis-backend`. */
  readonly file: string;
  /** Of the function: `redisBackend`. */
  readonly function: string;
}

const LONGEST = 214;
const SCOPED = /^(?:@[a-z0-9][a-z0-9._-]*\/)?(?<base>[a-z][a-z0-9._-]*)$/;

/** @throws naming what is wrong with it. */
export function namesFrom(name: string): Names {
  const base = SCOPED.exec(name)?.groups?.['base'];
  if (base === undefined || base === 'node_modules' || name.length > LONGEST)
    throw new Error(
      `${JSON.stringify(name)} is not a name for a package: up to ${LONGEST} small letters, digits, dots, hyphens or underscores, the first a letter, with a @scope/ before it where it has one`,
    );
  // `workflow-state-redis` makes redisBackend, and so does `redis-backend`.
  const short = base.replace(/^workflow-state-/, '').replace(/[._-]*backend$/, '') || 'my';
  const words = short.split(/[._-]+/).filter((word) => word !== '');
  const camel = words.map((word, i) => (i === 0 ? word : capital(word))).join('');
  return { package: name, file: base, function: `${/^[a-z]/.test(camel) ? camel : `my${capital(camel)}`}Backend` };
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
