#!/usr/bin/env node
// `workflow-state-conformance`: the suite as a command, for any module that exports a harness or makes a backend.
//
// The report goes to the standard output, all else to standard error. What a backend leaves open does not keep the
// command from ending: `13.handles-are-released` examines that, where the harness can tell.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { show } from '../../show.js';
import { CASES } from '../cases/index.js';
import type { ConformanceReport } from '../report.js';
import { whyNot } from '../run-case.js';
import { selectCases } from '../select.js';
import { validate } from '../validate.js';
import { jsonReport } from './json-report.js';
import { type Examined, loadHarness } from './load-harness.js';
import { progressOn } from './progress.js';
import { type Asked, EXIT, helpText, parseCommandLine } from './usage.js';
import { UsageError } from './usage-error.js';

const suite = createRequire(import.meta.url)('../../../package.json') as {
  readonly name: string;
  readonly version: string;
};

async function main(args: readonly string[]): Promise<number> {
  try {
    const asked = parseCommandLine(args);
    if (asked.help) return await print(process.stdout, helpText(suite.version), EXIT.kept);
    checkOnly(asked);
    if (asked.list) return await list(asked);
    if (asked.module === undefined)
      throw new UsageError('name the module that exports the harness or makes the backend');
    return await examine(asked, await loadHarness(asked.module, asked.exportName));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const text = `workflow-state-conformance: ${error.message}\n(--help tells what it accepts)\n`;
    return print(process.stderr, text, EXIT.unusable);
  }
}

function checkOnly({ only }: Asked): void {
  try {
    selectCases(CASES, only ?? []);
  } catch (error) {
    throw new UsageError(error instanceof Error ? `--${error.message}; --list lists them` : show(error));
  }
}

async function list({ module, exportName, only }: Asked): Promise<number> {
  const harness = module === undefined ? undefined : (await loadHarness(module, exportName)).harness;
  const lines = [...(only === undefined ? CASES : selectCases(CASES, only))].map((one) => {
    const barred = harness && whyNot(one, harness);
    return `${one.id}: ${one.title}${barred === undefined ? '' : ` [${barred.outcome}: ${barred.reason}]`}\n`;
  });
  return print(process.stdout, lines.join(''), EXIT.kept);
}

async function examine({ only, seed, strict, json }: Asked, { harness, package: subject }: Examined): Promise<number> {
  const startedAt = new Date();
  const progress = progressOn(process.stderr, CASES.length);
  let running = 'no case';
  // Nobody awaits it, so no case can find it; in production it would have ended the process.
  const unhandled: string[] = [];
  const stray = (error: unknown): void => {
    unhandled.push(`while ${running} ran: ${error instanceof Error ? (error.stack ?? error.message) : show(error)}`);
  };
  process.on('unhandledRejection', stray).on('uncaughtException', stray);
  const report = await validate(harness, {
    only,
    seed,
    strict,
    onBegin(one) {
      running = one.id;
      progress.begin(one);
    },
    onProgress: (result) => progress.end(result),
  });
  progress.clear();

  const text = [
    `${report.toText()}\n`,
    ...unhandled.map((what) => `\nAn error that nobody handles, which would have ended the process, ${what}\n`),
  ].join('');
  if (json !== undefined) {
    const data = jsonReport(
      {
        format: 1,
        suite: { package: suite.name, version: suite.version },
        package: subject ?? null,
        environment: { node: process.version, platform: process.platform, arch: process.arch },
        startedAt: startedAt.toISOString(),
        durationMs: Date.now() - startedAt.getTime(),
        only: only ?? null,
        unhandled,
      },
      report,
    );
    if (json === '-') await print(process.stdout, data, 0);
    else writeFileSync(json, data);
  }
  return print(json === '-' ? process.stderr : process.stdout, text, exitCodeOf(report, unhandled));
}

function exitCodeOf({ counts, red }: ConformanceReport, unhandled: readonly string[]): number {
  if (counts.failed + counts.crashed + unhandled.length > 0) return EXIT.broken;
  return red.length > 0 ? EXIT.unproved : EXIT.kept;
}

function print(stream: NodeJS.WriteStream, text: string, code: number): Promise<number> {
  return new Promise((resolve) => stream.write(text, () => resolve(code)));
}

process.exit(await main(process.argv.slice(2)));
