// Sorting names of files, by the thousand: the dearest thing that a listing does itself.

/** Together 53 bits, which a number holds exactly: characters of seven bits, and the place where the name came from. */
const CHARACTERS = 5;
const PLACES = 2 ** 18;

/** As `[...names].sort()`. By number, which is quicker than to compare texts. */
export function sortNames(names: readonly string[]): string[] {
  if (names.length > PLACES) return [...names].sort();
  const keys = Float64Array.from(names, (name, place) => prefixOf(name) * PLACES + place).sort();
  const sorted = Array.from(keys, (key) => names[key % PLACES] as string);
  // Those that begin alike are side by side, and in no order yet.
  for (let from = 0, to = 1; to <= sorted.length; to++) {
    if (to < sorted.length && prefixIn(keys, from) === prefixIn(keys, to)) continue;
    if (to - from > 1) for (const name of sorted.slice(from, to).sort()) sorted[from++] = name;
    from = to;
  }
  return sorted;
}

function prefixIn(keys: Float64Array, at: number): number {
  return Math.floor((keys[at] ?? 0) / PLACES);
}

/** Of two names the one with the lower prefix comes first; where it is the same, anything may be. */
function prefixOf(name: string): number {
  let prefix = 0;
  for (let at = 0; at < CHARACTERS; at++) {
    const code = name.charCodeAt(at);
    // Whatever follows a character of more than seven bits does not count, nor does the end.
    if (!(code < 127)) return (prefix * 128 + (code >= 127 ? 127 : 0)) * 128 ** (CHARACTERS - 1 - at);
    prefix = prefix * 128 + code;
  }
  return prefix;
}
