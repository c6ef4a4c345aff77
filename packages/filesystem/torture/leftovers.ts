// What the directory of a store holds when everything is over: exactly data, token, marker and entry of each instance.

import { readdirSync } from 'node:fs';
import { isDataName, parseIdEntry, parseMarker, parseShardName } from '../src/layout.js';

/** What is too much or too little. */
export async function leftovers(directory: string, living: ReadonlySet<string>): Promise<string[]> {
  const found = new Map<string, string[]>();
  const note = (id: string, what: string): void => {
    const all = found.get(id);
    if (all === undefined) found.set(id, [what]);
    else all.push(what);
  };
  const wrong: string[] = [];
  for (const part of ['data', 'ids', 'status']) {
    for (const shard of readdirSync(`${directory}/${part}`)) {
      if (shard.endsWith('.swaps')) continue;
      for (const name of readdirSync(`${directory}/${part}/${shard}`)) {
        const ours = part === 'data' ? parseShardName(name) : part === 'ids' ? parseIdEntry(name) : parseMarker(name);
        if (part === 'data' && isDataName(name)) note(name, 'data');
        else if (ours === undefined) wrong.push(`${part}/${shard}/${name} is nobody's`);
        // One that was taken back: kept while the instance is.
        else if (!name.endsWith('.void')) note(ours.id, part === 'data' ? name.slice(name.lastIndexOf('.') + 1) : part);
      }
    }
  }
  for (const id of living) {
    const names = found.get(id)?.sort().join(' ');
    if (names !== 'data ids status tok') wrong.push(`${id} has ${names ?? 'nothing'}`);
  }
  for (const [id, names] of found) if (!living.has(id)) wrong.push(`${id} is gone, but left ${names.join(' ')}`);
  return wrong;
}
