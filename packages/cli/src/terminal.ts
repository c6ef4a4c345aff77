// Standard output and standard error. Results go to the one, and to the other everything that is said about them.

import { once } from 'node:events';
import { styleText } from 'node:util';
import { OutputClosed } from './exit.js';

type Format = Parameters<typeof styleText>[0];

/** On a stream that shows colours, and as `NO_COLOR` and `FORCE_COLOR` say. */
export function styled(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(format, text, { stream });
}

/** Waits while whoever reads is slow, so that what is listed is never held in memory. */
export async function print(text: string): Promise<void> {
  if (process.stdout.destroyed) throw new OutputClosed();
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

export function printJson(value: unknown): Promise<void> {
  return print(JSON.stringify(value));
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A remark about what is being done, quieter than the result. */
export function note(text: string): void {
  say(styled('dim', text, process.stderr));
}

/** Columns of the terminal that shows the results. */
export function width(): number {
  return process.stdout.columns ?? 80;
}
