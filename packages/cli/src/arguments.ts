// Values of options, checked while the command line is read.

import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';
import { isTerminalKind, STATUS_KINDS, type StatusKind } from '@workflow-state/core';

export const KINDS: readonly StatusKind[] = STATUS_KINDS;

export const ENDED: readonly StatusKind[] = STATUS_KINDS.filter(isTerminalKind);

/** `30d`, `12h`, `90s`; a bare number could be anything. */
export function durationOf(text: string): number {
  const milliseconds = /^[\d.]+ *[a-z]+$/i.test(text) ? ms(text as StringValue) : undefined;
  if (milliseconds === undefined || !Number.isFinite(milliseconds))
    throw new InvalidArgumentError('give a number and a unit, such as 30d, 12h or 90s');
  return milliseconds;
}

export function positiveInteger(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('give a whole number of at least 1');
  return number;
}

export function concurrencyOf(text: string): number {
  const number = positiveInteger(text);
  if (number > 1000) throw new InvalidArgumentError('give a whole number from 1 to 1000');
  return number;
}

export function kindOf(text: string): StatusKind {
  const kind = KINDS.find((one) => one === text);
  if (kind === undefined) throw new InvalidArgumentError(`give one of ${KINDS.join(', ')}`);
  return kind;
}

export function endedKindOf(text: string): StatusKind {
  const kind = ENDED.find((one) => one === text);
  if (kind === undefined) throw new InvalidArgumentError(`give one of ${ENDED.join(', ')}: nothing else is cleaned up`);
  return kind;
}

/** Collects what is given several times. */
export function each<T>(read: (text: string) => T): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, read(text)];
}
