import { describe, expect, it } from 'vitest';
import { helpText, parseArguments, UsageError } from '../src/arguments.js';
import { GROUPS } from '../src/groups/all.js';

const parse = (...args: readonly string[]) => parseArguments(args, GROUPS);

describe('the command line', () => {
  it('runs every group unless told which', () => {
    expect(parse().only).toEqual(GROUPS.map(({ name }) => name));
    expect(parse('--', '--only', 'codec, s3').only).toEqual(['codec', 's3']);
  });

  it.each([
    [['--only', 'codecs'], "there is no group 'codecs'; there are syscalls, "],
    [['--quick', '--record'], '--record needs full rounds: leave --quick out'],
    [['--render', '--quick'], '--render measures nothing: leave the other options out'],
    [['--fast'], "Unknown option '--fast'; --help lists the options"],
    [['codec'], "Unexpected argument 'codec'"],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });

  it('has every group and option in its help', () => {
    const text = helpText(GROUPS);
    for (const word of ['--quick', '--only', '--record', '--render', '--disk', ...GROUPS.map(({ name }) => name)])
      expect(text).toContain(word);
  });
});
