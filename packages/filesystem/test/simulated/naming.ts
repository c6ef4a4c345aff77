// Names drawn at random in the real code, here counted per actor: the same history asks for the same names, and a
// schedule reads `a2` where a disk would hold sixteen digits.

/** One actor's names. */
export interface Naming {
  /** A hexadecimal digit. */
  readonly actor: string;
  drawn: number;
}

let current: Naming | undefined;

/** Whose code runs from now on. */
export function nowRuns(naming: Naming): void {
  current = naming;
}

/** Stands in for `freshNonce`, and for the nonces that core draws. */
export function nextName(): string {
  if (current === undefined) throw new Error('nobody runs');
  return nameOf(current.actor, ++current.drawn);
}

export function nameOf(actor: string, number: number): string {
  return `${actor}${String(number).padStart(15, '0')}`;
}

const NAME = /([0-9a-f])0*(\d+)/;
const ID = /[0-9a-f]{32}/g;

/** `…/data/00/.<id>.2.<a2>.tok` → `2.a2.tok`; `…/status/running/<id>.1.<z1>.0` → `running/1.z1`. */
export function readable(text: string): string {
  return text
    .replaceAll(/\/data\/00\/\.?/g, '')
    .replaceAll(/\/data\/00/g, 'data/')
    .replaceAll(/\/ids\/00\//g, 'ids/')
    .replaceAll(/\/status\//g, '')
    .replaceAll(/[0-9a-f]0{8,}\d{1,7}(?![0-9a-f])/g, (name) => name.replace(NAME, '$1$2'))
    .replaceAll(new RegExp(`${ID.source}\\.`, 'g'), '')
    .replaceAll(ID, 'D')
    .replaceAll(/(?<=(?:running|waiting|completed)\/\d+\.\w+)\.\d+/g, '');
}
