import type { Report } from './explore.js';

/** What a search came to, for people: counts, and the shortest schedule to a violation. */
export function reported(name: string, { states, disks, deaths, seconds, complete, depth, found }: Report): string {
  const counts = `${name}: ${states} states, ${disks} disks, ${deaths} gone on from, ${seconds.toFixed(1)} s`;
  if (found === undefined) return complete ? counts : `${counts}; given up after every schedule of ${depth - 1} steps`;
  return [`${counts}`, `${found.kind}: ${found.message}`, ...found.schedule].join('\n  ');
}
