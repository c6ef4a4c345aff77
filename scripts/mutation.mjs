// How much of each package its tests hold fast: Stryker changes the code in thousands of small ways, and counts the changes
// that some test notices. On a copy of the working tree, with tools that are no dependency of it; takes an hour and more.
//   node scripts/mutation.mjs core                        all of one package, or what is left of it
//   node scripts/mutation.mjs core src/revision.ts        one file, anew
//   node scripts/mutation.mjs core --minutes 8            begins no slice after 8 minutes; run again to go on
//   node scripts/mutation.mjs core --survivors            anew what no test noticed, after tests were added
//   node scripts/mutation.mjs core --report               only what is known so far
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './packages.mjs';

const TOOLS = ['@stryker-mutator/core@9.6.1', '@stryker-mutator/vitest-runner@9.6.1']; // 10 needs Node.js 22

/** Lines per run: what is known is kept run by run. */
const SLICE = 160;

/** Tests that prove the suite, or that need more than the package; and, for core, the suite itself over the control. */
const PACKAGES = {
  core: {
    exclude: ['test/mutants/**', 'test/conformance/**', 'test/edge.test.ts'],
    test: `import { describe, it } from 'vitest';
import { registerConformance } from '../src/conformance/index.js';
import { controlHarness } from './mutants/control-harness.js';

const sizes = { racers: 6, rounds: 2, listed: 250, propertyRuns: 5, kills: 1 };
registerConformance({ describe, it, skip: it.skip }, controlHarness(undefined, { sizes }), { seed: 1 });
`,
  },
  memory: { exclude: [] },
  // Every order of the calls takes most of a minute: what only that test notices counts as not noticed.
  'lru-cache': {
    exclude: ['test/conformance-s3.test.ts', 'test/conformance-filesystem.test.ts', 'test/every-order.test.ts'],
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: 'Infinity' },
    survivors: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});
const [name, ...only] = positionals;
const known = PACKAGES[name];
if (known === undefined) throw new Error(`name one of ${Object.keys(PACKAGES).join(', ')}`);

const copy = join(tmpdir(), 'workflow-state-mutation');
const home = join(copy, 'packages', name);
const reports = join(copy, 'mutation-reports', name);

function prepare() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  for (const file of git('ls-files', '--cached', '--others', '--exclude-standard').split('\n').filter(Boolean)) {
    if (!existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const pnpm = (...args) =>
    execFileSync('npx', ['--yes', '--prefer-offline', packageManager.split('+')[0], ...args], {
      cwd: copy,
      stdio: 'pipe',
    });
  pnpm('install', '--frozen-lockfile', '--prefer-offline');
  pnpm('add', '--workspace-root', '--save-dev', ...TOOLS);
  if (known.test !== undefined) writeFileSync(join(home, 'test/conformance-of-control.test.ts'), known.test);
  // The suite's titles name a seed that is drawn anew in each run, and Stryker asks for tests by their titles.
  writeFileSync(join(home, 'one-seed.mjs'), 'let drawn = 0;\nMath.random = () => (drawn = (drawn + 0.618) % 1);\n');
  writeFileSync(
    join(home, 'vitest.mutation.config.mjs'),
    `const conditions = ['@workflow-state/source', 'node'];
export default {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ['test/**/*.test.ts'], exclude: ${JSON.stringify(known.exclude)}, setupFiles: ['./one-seed.mjs'], testTimeout: 30_000 },
};
`,
  );
}

/** Files that have code to change; types alone have none. */
function slices() {
  const files = readdirSync(join(root, 'packages', name, 'src'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('conformance') && !file.endsWith('index.ts'))
    .map((file) => join('src', file))
    .sort();
  return files
    .filter((file) => only.length === 0 || only.includes(file))
    .flatMap((file) => {
      const lines = readFileSync(join(root, 'packages', name, file), 'utf8').split('\n').length;
      return Array.from({ length: Math.ceil(lines / SLICE) }, (_, at) => {
        const [from, to] = [at * SLICE + 1, Math.min(lines, (at + 1) * SLICE)];
        return { range: `${file}:${from}-${to}`, report: join(reports, `${file.replaceAll('/', '.')}.${from}.json`) };
      });
    });
}

/** Those places of a known report that no test noticed, as Stryker takes them; and what it says of them put in there. */
function examineSurvivors({ range, report }) {
  const before = JSON.parse(readFileSync(report, 'utf8'));
  for (const [file, { source, mutants }] of Object.entries(before.files)) {
    if (readFileSync(join(root, 'packages', name, file), 'utf8') !== source) {
      console.log(`${range}: has changed since; name the file to examine it anew`);
      continue;
    }
    const survivors = mutants.filter(isUnnoticed);
    if (survivors.length === 0) continue;
    const again = join(reports, 'survivors.json');
    rmSync(again, { force: true });
    const places = survivors.map(
      ({ location: { start, end } }) => `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
    );
    examine({ range: [...new Set(places)], report: again });
    const found = new Map(
      Object.values(JSON.parse(readFileSync(again, 'utf8')).files)
        .flatMap((one) => one.mutants)
        .map((mutant) => [identityOf(mutant), mutant.status]),
    );
    for (const mutant of survivors) mutant.status = found.get(identityOf(mutant)) ?? mutant.status;
  }
  writeFileSync(report, JSON.stringify(before));
}

function identityOf({ location, mutatorName, replacement }) {
  return JSON.stringify([location, mutatorName, replacement]);
}

function isUnnoticed({ status }) {
  return status === 'Survived' || status === 'NoCoverage';
}

function examine({ range, report }) {
  const config = {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'vitest.mutation.config.mjs', related: false },
    coverageAnalysis: 'perTest',
    mutate: [range].flat(),
    inPlace: true, // workspace links lead to the copy itself, not to a sandbox of it
    concurrency: 1,
    timeoutMS: 15_000,
    allowEmpty: true,
    reporters: ['json'],
    jsonReporter: { fileName: report },
    disableTypeChecks: false,
  };
  writeFileSync(join(home, 'stryker.config.json'), JSON.stringify(config));
  const { status } = spawnSync('npx', ['stryker', 'run', '--logLevel', 'error'], { cwd: home, stdio: 'inherit' });
  if (status !== 0 && !existsSync(report)) throw new Error(`stryker could not examine ${range}`);
}

function summary(asked) {
  const total = { killed: 0, survived: 0 };
  for (const { range, report } of asked) {
    if (!existsSync(report)) continue;
    for (const [file, { source, mutants }] of Object.entries(JSON.parse(readFileSync(report, 'utf8')).files)) {
      const lines = source.split('\n');
      let killed = 0;
      let survived = 0;
      for (const mutant of mutants) {
        const { status, location, replacement, mutatorName } = mutant;
        if (status === 'Killed' || status === 'Timeout') killed++;
        if (!isUnnoticed(mutant)) continue;
        survived++;
        const { start, end } = location;
        const was =
          start.line === end.line
            ? lines[start.line - 1].slice(start.column - 1, end.column - 1)
            : lines[start.line - 1].trim();
        console.log(
          `  ${file}:${start.line}:${start.column} ${mutatorName}${status === 'NoCoverage' ? ' (no test runs it)' : ''}`,
        );
        console.log(`      ${was}  →  ${(replacement ?? '').split('\n')[0]}`);
      }
      total.killed += killed;
      total.survived += survived;
      console.log(`${range}: ${killed} of ${killed + survived}`);
    }
  }
  const all = total.killed + total.survived;
  console.log(`${name}: ${total.killed} of ${all} changes are noticed, ${((100 * total.killed) / all).toFixed(1)} %`);
}

const asked = slices();
if (!values.report) {
  mkdirSync(reports, { recursive: true });
  if (only.length > 0 && !values.survivors) for (const { report } of asked) rmSync(report, { force: true });
  prepare();
  const end = Date.now() + Number(values.minutes) * 60_000;
  for (const slice of asked) {
    if (existsSync(slice.report) !== values.survivors) continue;
    if (Date.now() >= end) break;
    (values.survivors ? examineSurvivors : examine)(slice);
  }
}
summary(asked);
const left = asked.filter(({ report }) => !existsSync(report)).length;
if (left > 0) console.log(`${left} of ${asked.length} slices were not examined yet`);
