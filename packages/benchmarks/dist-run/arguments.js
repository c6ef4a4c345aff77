import { parseArgs } from 'node:util';
/** A mistake in the command line, with the remedy in its message. */
export class UsageError extends Error {
  name = 'UsageError';
}
export function helpText(groups) {
  const width = Math.max(...groups.map(({ name }) => name.length));
  return `npm run bench -- [options]

Measures workflow-state beside its peers and the least that could keep the same promise, in interleaved rounds of one
run, and compares with the figures that are committed. Installs the peers at its first run.

  --quick            few rounds, small numbers of instances: a first look, in less than five minutes
  --only <groups>    only these, separated by commas
  --record           writes the results, charts and README that are committed; not with --quick
  --render           makes charts and README from the results that are committed, and measures nothing
  --disk <folder>    where the disk is measured; default: the system's folder for temporary files
  --help             this text

Groups:
${groups.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`).join('\n')}
`;
}
/** @throws UsageError */
export function parseArguments(args, groups) {
  const { quick, record, render, help, only, disk } = parse(args);
  const names = groups.map(({ name }) => name);
  const chosen = only?.split(',').map((name) => name.trim()) ?? names;
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no group '${unknown}'; there are ${names.join(', ')}`);
  if (quick && record) throw new UsageError('--record needs full rounds: leave --quick out');
  if (render && (quick || record || only !== undefined))
    throw new UsageError('--render measures nothing: leave the other options out');
  return { help, quick, record, render, only: chosen, disk };
}
function parse(args) {
  try {
    return parseArgs({
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        quick: { type: 'boolean', default: false },
        record: { type: 'boolean', default: false },
        render: { type: 'boolean', default: false },
        only: { type: 'string' },
        disk: { type: 'string' },
      },
    }).values;
  } catch (error) {
    // The first sentence says what is wrong, the others explain how parseArgs works.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.split('. ')[0]}; --help lists the options`);
  }
}
//# sourceMappingURL=arguments.js.map
