// The guide's table of known backends: from reports of the conformance suite, and from nothing else.
//   node known-backends.mjs                     examines what needs no server, and checks digests and table
//   node known-backends.mjs --write             brings both up to date
//   node known-backends.mjs --take <report.json> <name> <on what>
//                                               a digest of a report that another command has written, and the table
// A digest keeps of a report what the table tells, and when, with what and by which release of the suite it was made.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { replaceSection, sectionOf } from '../../../scripts/generated-section.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const guide = join(here, '../../core/WRITING-A-BACKEND.md');
const runner = join(here, '../../core/dist/conformance/runner/main.js');
const ON_THIS_MACHINE = ['memory', 'filesystem', 'lru-cache'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' }, take: { type: 'boolean' } },
});

if (values.take === true) {
  const [report = '', name = '', on = ''] = positionals;
  keep(name, digestOf(report, on));
} else {
  const scratch = mkdtempSync(join(tmpdir(), 'known-backends-'));
  try {
    for (const name of ON_THIS_MACHINE) {
      const report = join(scratch, `${name}.json`);
      execFileSync(process.execPath, [runner, join(here, 'harness', `${name}.mjs`), '--json', report], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const digest = digestOf(report, '');
      if (values.write === true) keep(name, digest);
      else if (undated(digest) !== undated(digests()[name]))
        throw new Error(`digests/${name}.json tells something else than the suite now does: ${REMEDY()}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
const table = tableOf(digests());
if (values.write === true || values.take === true) replaceSection(guide, 'known backends', table);
else if (sectionOf(guide, 'known backends') !== table)
  throw new Error(`the table in WRITING-A-BACKEND.md is not that of the digests: ${REMEDY()}`);
console.log(`${Object.keys(digests()).length} known backends`);

function REMEDY() {
  return 'run node packages/examples/known-backends/known-backends.mjs --write';
}

/** @param {string} report @param {string} on */
function digestOf(report, on) {
  const { harness, suite, startedAt, capabilities, counts, results, red } = JSON.parse(readFileSync(report, 'utf8'));
  if (red.length > 0) throw new Error(`${report} is red: ${red.join(', ')}`);
  /** @param {string} outcome */
  const having = (outcome) => results.filter((one) => one.outcome === outcome).map(({ id }) => id);
  return {
    harness,
    on,
    suite: suite.version,
    date: startedAt.slice(0, 10),
    capabilities,
    passed: counts.passed,
    doNotApply: counts.unsupported + counts.notApplicable,
    knownGaps: having('knownGap'),
    notRun: having('notRun'),
  };
}

/** @param {string} name @param {object} digest */
function keep(name, digest) {
  writeFileSync(join(here, 'digests', `${name}.json`), `${JSON.stringify(digest, null, 2)}\n`);
}

function digests() {
  const names = readdirSync(join(here, 'digests')).sort();
  return Object.fromEntries(
    names.map((name) => [basename(name, '.json'), JSON.parse(readFileSync(join(here, 'digests', name), 'utf8'))]),
  );
}

/** @param {object | undefined} digest */
function undated(digest) {
  return JSON.stringify({ ...digest, date: '', suite: '' });
}

/** @param {ReturnType<typeof digests>} all */
function tableOf(all) {
  const rows = Object.values(all).map(({ harness, on, date, capabilities, passed, doNotApply, knownGaps, notRun }) => [
    on === '' ? harness : `${harness.replace(/ \(.*\)$/, '')} (${on})`,
    capabilities.durability,
    capabilities.sharing,
    capabilities.reads,
    `${passed}`,
    `${doNotApply}`,
    [...knownGaps.map((id) => `${id} fails`), ...notRun.map((id) => `${id} not run`)].join(', ') || 'nothing',
    date,
  ]);
  const heads = ['backend', 'durability', 'sharing', 'reads', 'passed', 'do not apply', 'open', 'examined'];
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
