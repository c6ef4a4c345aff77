// What is shown of times, counts and texts.

import prettyMs from 'pretty-ms';

/** `3d`, `4h`, `12s`: how long ago. A clock that was ahead gives 0. */
export function age(since: Date, now: number = Date.now()): string {
  const elapsed = now - since.getTime();
  return prettyMs(elapsed < 1000 ? 0 : elapsed, { compact: true });
}

export function duration(milliseconds: number): string {
  return prettyMs(milliseconds, { secondsDecimalDigits: milliseconds < 10_000 ? 1 : 0 });
}

export function count(number: number): string {
  return number.toLocaleString('en-US').replaceAll(',', '\u00a0');
}

export function plural(number: number, one: string, many: string = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/**
 * A text from the store, as a terminal may be given it: on one line, and without the control characters by which a
 * name could move the cursor or change what was printed before.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}` : escaped;
  });
}
