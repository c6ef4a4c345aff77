// `npm run bench`. Exit code 0: measured; 1: a group failed; 2: a mistake in the command line.

import { fileURLToPath } from 'node:url';
import { helpText, parseArguments, UsageError } from './arguments.js';
import { installContenders, versionOf } from './contenders/installed.js';
import { GROUPS } from './groups/all.js';
import type { Group, Run } from './groups/group.js';
import { commitOf, load, thisMachine } from './machine.js';
import { findPlaces, runInMemoryNamespace } from './places.js';
import { openDisplay } from './display.js';
import { compare, reproduced } from './report/compare.js';
import { render } from './report/render.js';
import { type GroupResult, readResult, writeResult } from './results.js';

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(): Promise<number> {
  const args = parseArguments(process.argv.slice(2), GROUPS);
  if (args.help) {
    console.log(helpText(GROUPS));
    return 0;
  }
  if (args.render) {
    for (const file of await render()) console.log(file);
    return 0;
  }
  const places = findPlaces(args.disk);
  const inside = runInMemoryNamespace();
  if (inside !== undefined) return inside;

  const display = openDisplay(process.stderr);
  display.show('installing the contenders');
  installContenders();
  let failed = 0;
  const total = { of: 0, agreeing: 0 };
  for (const group of GROUPS.filter(({ name }) => args.only.includes(name))) {
    const begin = performance.now();
    const run: Run = { quick: args.quick, places, progress: (text) => display.show(`${group.name}: ${text}`) };
    try {
      const result = await resultOf(group, run);
      const seconds = Math.round((performance.now() - begin) / 1000);
      display.clear();
      console.log(`\n## ${group.title} (${group.name}, ${seconds} s)\n\n${compare(result, readResult(group.name))}`);
      const { of, agreeing } = reproduced(result, readResult(group.name));
      total.of += of;
      total.agreeing += agreeing;
      if (args.record) console.log(writeResult(result));
    } catch (error) {
      failed++;
      display.clear();
      console.error(
        `\n## ${group.title} (${group.name}): FAILED\n\n${error instanceof Error ? error.stack : String(error)}`,
      );
    }
  }
  display.clear();
  console.log(
    `\n${total.agreeing} of ${total.of} figures agree with those that are committed: their quartiles overlap`,
  );
  if (args.record) for (const file of await render()) console.log(file);
  return failed === 0 ? 0 : 1;
}

async function resultOf(group: Group, run: Run): Promise<GroupResult> {
  const before = load();
  const { facts, tables } = await group.run(run);
  const versions = Object.fromEntries(
    group.packages.flatMap((name) => {
      const version = versionOf(name);
      return version === undefined ? [] : [[name, version]];
    }),
  );
  return {
    group: group.name,
    quick: run.quick,
    date: new Date().toISOString().slice(0, 10),
    commit: commitOf(fileURLToPath(new URL('../../../', import.meta.url))),
    machine: thisMachine(),
    versions,
    facts: { ...facts, 'load before': before },
    tables,
  };
}
