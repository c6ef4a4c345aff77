// The command line: what may be typed, and what the help says. Commands are loaded when they are called.

import type { StatusKind } from '@workflow-state/core';
import { Argument, Command, Option } from 'commander';
import { concurrencyOf, durationOf, each, endedKindOf, kindOf, positiveInteger } from './arguments.js';
import type { CleanupOptions } from './commands/cleanup.js';
import type { ExitCode } from './exit.js';
import { type GlobalOptions, Session } from './session.js';
import { version } from './version.js';

type Action = (session: Session) => Promise<ExitCode>;

const EXIT_CODES = `
Exit codes:
  0    done, and nothing is wrong
  1    done as far as it went: something is missing, damaged or failed
  2    not begun: a mistake in the command, or a store that cannot be opened
  130  stopped by Ctrl-C (143: by SIGTERM), after what was begun had ended`;

/** `ended`: told the exit code of the command that was run. */
export function programOf(signal: AbortSignal, ended: (code: ExitCode) => void): Command {
  const program = new Command('workflow-state')
    .description('Workflow state from a shell: inspect, count, clean up, copy, verify, diagnose.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addOption(new Option('--store <url>', 'the store: file:./state, s3://bucket/prefix, …').env('WORKFLOW_STATE_URL'))
    .addOption(
      new Option('--plugin <module>', 'a module with a store scheme of its own; may be repeated')
        .argParser(each((text) => text))
        .default([], 'none'),
    )
    .option('--debug', 'show where an error comes from')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      `${EXIT_CODES}

Examples:
  $ export WORKFLOW_STATE_URL=file:/var/lib/orders
  $ workflow-state count
  $ workflow-state ls failed --long
  $ workflow-state cleanup --older-than 30d`,
    );

  const run = async (action: Action): Promise<void> => {
    const session = new Session(program.opts<GlobalOptions>(), signal);
    try {
      ended(await action(session));
    } finally {
      await session.close();
    }
  };
  const kinds = (): Argument => new Argument('[status...]', 'only these').argParser(each(kindOf));
  const json = (what: string): Option => new Option('--json', what);
  const concurrency = (): Option =>
    new Option('--concurrency <n>', 'instances under way at a time').argParser(concurrencyOf).default(16);

  program
    .command('ls')
    .summary('list instances')
    .description('List instances, ascending by id; a table on a terminal, else one id a line.')
    .addArgument(kinds())
    .option('-l, --long', 'read each: workflow, stage, version, age', undefined)
    .option('-n, --limit <n>', 'at most that many', positiveInteger)
    .option('--after <id>', 'only those behind that id')
    .addOption(json('one JSON object a line'))
    .addHelpText(
      'after',
      `
Examples:
  $ workflow-state ls running waiting --long      what is under way
  $ workflow-state ls failed | wc -l              one id a line
  $ workflow-state ls --json --limit 100          a hundred, for a program`,
    )
    .action((status: readonly StatusKind[] | undefined, options: object) =>
      run(async (session) => (await import('./commands/ls.js')).ls(session, status ?? [], options)),
    );

  program
    .command('get')
    .summary('show one state, or one of its values')
    .description('Show one state, or one of its values.')
    .argument('<id>', 'the instance: its id, or the beginning that no other has')
    .argument('[value]', 'one value: input.<name>, state.<name> or output.<name>')
    .addOption(json('the whole state as JSON; bytes as { text } where they are UTF-8, else { base64 }'))
    .option('-o, --out <file>', 'write the bytes of the value as they are; - for standard output')
    .addHelpText(
      'after',
      `
Examples:
  $ workflow-state get 3f2a
  $ workflow-state get 3f2a --json | jq .status
  $ workflow-state get 3f2a output.pdf --out invoice.pdf`,
    )
    .action((id: string, value: string | undefined, options: object) =>
      run(async (session) => (await import('./commands/get.js')).get(session, id, value, options)),
    );

  program
    .command('count')
    .summary('count instances by status')
    .description('Count instances by status, from the index: no state is read.')
    .addArgument(kinds())
    .addOption(json('one JSON object'))
    .addHelpText(
      'after',
      `
Examples:
  $ workflow-state count
  $ workflow-state count failed                   one number when piped`,
    )
    .action((status: readonly StatusKind[] | undefined, options: object) =>
      run(async (session) => (await import('./commands/count.js')).count(session, status ?? [], options)),
    );

  program
    .command('rm')
    .summary('delete instances')
    .description('Delete instances, damaged ones too. Asks first; deletes only what has not changed since.')
    .argument('<id...>', 'the instances: ids, or beginnings that no other has')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      `
Examples:
  $ workflow-state rm 3f2a
  $ workflow-state ls cancelled | xargs workflow-state rm --yes`,
    )
    .action((ids: readonly string[], options: object) =>
      run(async (session) => (await import('./commands/rm.js')).rm(session, ids, options)),
    );

  program
    .command('cleanup')
    .summary('delete what ended long ago')
    .description('Delete what ended long ago, and sweep what deletes and crashes left.')
    .requiredOption('--older-than <duration>', 'since the last save: 30d, 12h, 90s', durationOf)
    .option('--status <status>', 'only completed, failed or cancelled; may be repeated', each(endedKindOf))
    .option('-n, --limit <n>', 'delete at most that many', positiveInteger)
    .option('--dry-run', 'delete nothing; print the ids of what would be')
    .addOption(json('the report as one JSON object'))
    .addHelpText(
      'after',
      `
Examples:
  $ workflow-state cleanup --older-than 30d --dry-run | wc -l
  $ workflow-state cleanup --older-than 7d --status completed
  0 3 * * *  workflow-state cleanup --older-than 30d --store file:/srv/orders`,
    )
    .action((options: CleanupOptions) =>
      run(async (session) => (await import('./commands/cleanup.js')).cleanup(session, options)),
    );

  program
    .command('copy')
    .summary('copy a store to another one')
    .description('Copy every instance to another store, and read it back. Versions and times stay.')
    .argument('<from>', 'URL of the source')
    .argument('<to>', 'URL of the target; made where there is none')
    .addOption(concurrency())
    .addOption(json('one JSON object for each instance that was not copied, and a summary'))
    .addHelpText(
      'after',
      `
Run it as often as you like: what is there already is found by its header. What
anybody else has written or deleted in the target is left alone, and told.

Examples:
  $ workflow-state copy file:/srv/orders s3://acme-state/orders?region=eu-west-1`,
    )
    .action((from: string, to: string, options: object) =>
      run(async (session) => (await import('./commands/copy.js')).copy(session, from, to, options)),
    );

  program
    .command('verify')
    .summary('read everything, and say what is wrong')
    .description('Read everything, and say what is wrong: damaged records, a wrong index, leftovers, foreign names.')
    .option('--repair', 'sweep: mends the index and removes leftovers, never a record')
    .addOption(concurrency())
    .addOption(json('one JSON object for each finding, and a summary'))
    .addHelpText(
      'after',
      `
Examples:
  $ workflow-state verify
  $ workflow-state verify --repair`,
    )
    .action((options: object) =>
      run(async (session) => (await import('./commands/verify.js')).verify(session, options)),
    );

  program
    .command('doctor')
    .summary('try out whether this place can hold a store')
    .description('Try out whether this place can keep what a store promises: rights, conditions, durability, clock.')
    .addOption(json('one JSON object'))
    .addHelpText(
      'after',
      `
Writes and removes files or objects of its own; makes the store where there is
none.

Examples:
  $ workflow-state doctor --store s3://acme-state/orders?region=eu-west-1`,
    )
    .action((options: object) =>
      run(async (session) => (await import('./commands/doctor.js')).doctor(session, options)),
    );

  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({ outputError: () => undefined });
  }
  return program;
}
