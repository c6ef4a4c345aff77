// The command as its users run it: the built binary, in a process of its own, on modules of every shape it accepts.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CASES } from '@workflow-state/core/conformance';

const require = createRequire(import.meta.url);
const { bin, version } = require('../package.json');
const command = fileURLToPath(new URL(join('..', bin['workflow-state-conformance']), import.meta.url));
const small = JSON.stringify(new URL('fixtures/small-backend.mjs', import.meta.url).href);

const home = mkdtempSync(join(tmpdir(), 'runner-'));
after(() => rmSync(home, { recursive: true, force: true }));
writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'my-backend', version: '1.2.3' }));
// A directory between, whose package.json names nothing.
mkdirSync(join(home, 'dist'));
writeFileSync(join(home, 'dist/package.json'), JSON.stringify({ type: 'module' }));

/** @param {...string} args */
function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: home, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Writes a module that may use `smallBackend` and `capabilities`. */
function moduleOf(name, source) {
  writeFileSync(join(home, name), `import { capabilities, smallBackend } from ${small};\n${source}\n`);
  return `./${name}`;
}

const good = moduleOf('dist/good.js', 'export const backend = () => smallBackend();');

describe('workflow-state-conformance', () => {
  it('examines a backend that keeps the contract by every case that can be run, and ends with 0', () => {
    const { status, stdout, stderr } = run(good, '--json', 'report.json', '--seed', '4711');
    assert.equal(stderr, '', 'nothing but reports is printed where nobody watches');
    assert.equal(status, 0, stdout);
    assert.match(stdout, /conformance of small, seed 4711\ndeclared: durability none, sharing none, reads latest/);
    assert.match(stdout, /the harness has no peer: /);
    const report = JSON.parse(readFileSync(join(home, 'report.json'), 'utf8'));
    const { results, counts, clauses, capabilities, durationMs, startedAt, red, ...facts } = report;
    assert.deepEqual(
      { ...facts, unexamined: facts.unexamined.length },
      {
        format: 1,
        suite: { package: '@workflow-state/core', version },
        package: { name: 'my-backend', version: '1.2.3' },
        environment: { node: process.version, platform: process.platform, arch: process.arch },
        only: null,
        unhandled: [],
        harness: 'small',
        seed: 4711,
        unexamined: counts.notRun,
      },
    );
    assert.deepEqual(red, []);
    assert.equal(new Date(startedAt).toISOString(), startedAt);
    assert.ok(durationMs > 0);
    assert.deepEqual(capabilities, {
      durability: 'none',
      sharing: 'none',
      reads: 'latest',
      reclaims: false,
      maxBodyBytes: null,
    });
    assert.deepEqual(
      results.map(({ id }) => id),
      CASES.map(({ id }) => id),
    );
    assert.equal(
      clauses.reduce((sum, clause) => sum + clause.counts.passed, 0),
      counts.passed,
    );
    assert.ok(counts.passed > 90 && counts.unsupported > 10 && counts.notRun > 3, JSON.stringify(counts));
  });

  it('ends with 1 for a broken promise, tells the whole story, and replays it from the seed alone', () => {
    const broken = moduleOf('broken.mjs', 'export default () => smallBackend({ ignoresExpected: true });');
    const { status, stdout } = run(broken, '--only', '3.stale-save-refused');
    assert.equal(status, 1);
    assert.match(stdout, /3\.stale-save-refused: clause 3, Compare-and-set, does not hold/);
    const [, seed] = /--seed (\d+) --only 3\.stale-save-refused/.exec(stdout) ?? [];
    const again = run(broken, '--only', '3.stale-save-refused', '--seed', seed);
    const operations = (text) =>
      text.slice(text.indexOf('operations, in the order')).replaceAll(/\b(?:[0-9a-f]{6}|[0-9a-f]{16})\b/g, '');
    assert.equal(operations(again.stdout), operations(stdout));
  });

  it('prints the report as JSON for programs, and the readable one beside it', () => {
    for (const args of [['--json', '-'], ['--json'], ['--json', '--strict']]) {
      const { status, stdout, stderr } = run(good, '--only', '1.head', ...args);
      assert.equal(status, 0);
      assert.equal(JSON.parse(stdout).counts.passed, 1);
      assert.match(stderr, /No broken promise was found by 1 cases/);
    }
  });

  it('finds an error that nobody handles, which no case could', () => {
    const careless = moduleOf('careless.mjs', 'export default () => smallBackend({ rejectsBehindTheBack: true });');
    const { status, stdout } = run(careless, '--only', '1.head');
    assert.equal(status, 1);
    assert.match(stdout, /nobody handles, .*while 1\.head ran: Error: nobody waits for the index/);
  });

  it('ends with 3 where nothing was found broken because nothing was examined', () => {
    const { status, stdout } = run(good, '--only', '7.sigkill,3.racing-handles-one-winner');
    assert.equal(status, 3);
    assert.match(stdout, /no case ran at all/);
  });

  it('ends with 3 for a case that could not be run, when asked to be strict, and not for one left out', () => {
    const hooked = moduleOf(
      'hooked.mjs',
      `export const harness = {
        name: 'hooked',
        expect: { ...capabilities, sharing: 'process' },
        create: async () => ({ backend: { ...smallBackend(), capabilities: { ...capabilities, sharing: 'process' } } }),
      };`,
    );
    const only = ['--only', '1.head', '--only', '4.handles-see-each-other'];
    assert.equal(run(hooked, ...only).status, 0);
    const strict = run(hooked, ...only, '--strict');
    assert.equal(strict.status, 3);
    assert.match(strict.stdout, /not run: 4\.handles-see-each-other: the harness has no peer\.\n/);
    assert.equal(run(hooked, '--only', '1.head', '--strict').status, 0);
  });

  it('runs what is named by clause, case, beginning or glob, and nothing else', () => {
    const ran = (...only) => {
      const { stdout } = run(good, '--json', ...only.flatMap((one) => ['--only', one]));
      return JSON.parse(stdout)
        .results.filter(({ outcome, reason }) => outcome !== 'notRun' || !reason.startsWith('left out'))
        .map(({ id }) => id);
    };
    const ids = (holds) => CASES.filter(({ id }) => holds(id)).map(({ id }) => id);
    assert.deepEqual(
      ran('1'),
      ids((id) => id.startsWith('1.')),
      'clause 1, and not 10 to 14',
    );
    assert.deepEqual(ran('4.linearizable'), ['4.linearizable'], 'a whole id, though others begin with it');
    assert.deepEqual(ran('2.loaded,3.save-'), ['2.loaded-is-the-callers', '3.save-of-deleted-refused']);
    assert.deepEqual(
      ran('*-refused'),
      ids((id) => id.endsWith('-refused')),
    );
  });
});

describe('a module', () => {
  const one = ['--only', '1.head', '--json', '-'];
  const shapes = {
    'a harness': `export const harness = { name: 'mine', expect: capabilities, create: async () => ({ backend: smallBackend() }) };`,
    'a harness by default': `export default { name: 'mine', expect: capabilities, create: async () => ({ backend: smallBackend() }) };`,
    'a function that makes a harness': `export default async () => ({ name: 'mine', expect: capabilities, create: async () => ({ backend: smallBackend() }) });`,
    'the promise of a harness': `export const harness = Promise.resolve({ name: 'mine', expect: capabilities, create: async () => ({ backend: smallBackend() }) });`,
    'a function that makes a backend': `export function backend() { return smallBackend(); }`,
    'a function that promises a backend': `export const backend = async () => smallBackend();`,
    'a harness beside a backend, which says less': `export const harness = { name: 'mine', expect: capabilities, create: async () => ({ backend: smallBackend() }) }; export const backend = 1;`,
  };
  for (const [shape, source] of Object.entries(shapes)) {
    it(`may export ${shape}`, () => {
      const { status, stdout, stderr } = run(moduleOf('shape.mjs', source), ...one);
      assert.equal(status, 0, stderr);
      assert.equal(JSON.parse(stdout).harness, source.includes("'mine'") ? 'mine' : 'small');
    });
  }

  it('may export a function that makes places, each of which is removed once', () => {
    const places = moduleOf(
      'places.mjs',
      `let there = 0;
       export default ({ clock }) => {
         if (typeof clock() !== 'number') throw new Error('no clock');
         there++;
         return { backend: smallBackend(), dispose: async () => void there-- };
       };
       process.on('exit', () => console.error('left', there));`,
    );
    const { status, stderr } = run(places, '--only', '0,1.head');
    assert.equal(status, 0, stderr);
    assert.equal(stderr, 'left 0\n');
  });

  it('may be CommonJS', () => {
    writeFileSync(
      join(home, 'harness.cjs'),
      `exports.harness = (async () => {
        const { capabilities, smallBackend } = await import(${small});
        return { name: 'common', expect: capabilities, create: async () => ({ backend: smallBackend() }) };
      })();`,
    );
    assert.equal(JSON.parse(run('harness.cjs', ...one).stdout).harness, 'common');
  });

  it('may have several harnesses, of which one is named', () => {
    const several = moduleOf('several.mjs', 'export const fast = () => smallBackend();');
    assert.equal(run(several, ...one).status, 2);
    assert.equal(run(several, '--export', 'fast', ...one).status, 0);
  });

  it('does not keep the command from ending by what it leaves open', () => {
    const open = moduleOf('open.mjs', 'setInterval(() => {}, 1000); export default () => smallBackend();');
    assert.equal(run(open, ...one).status, 0);
  });
});

describe('what cannot be used ends with 2 and says what to mend', () => {
  const refusals = [
    ['no module', [], /name the module that exports the harness/],
    ['a module that is not there', ['./missing.mjs'], /there is no file .*missing\.mjs/],
    ['two modules', [good, good], /one module at a time/],
    ['an option that it does not know', [good, '--sed', '3'], /'--sed'/],
    ['a seed that is none', [good, '--seed', '1.5'], /--seed: 1\.5 is no whole number/],
    ['a case that is not there', [good, '--only', '3.conuter'], /there is no case or clause 3\.conuter; name a clause/],
    ['a report that would replace a module', [good, '--json', 'good.js'], /good\.js does not end in \.json/],
    ['an export that is not there', [good, '--export', 'other'], /exports backend, but no `other`/],
  ];
  for (const [what, args, says] of refusals) {
    it(what, () => {
      const { status, stdout, stderr } = run.apply(undefined, args);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /\n {4}at /, 'no stack: the mistake is not in the code');
    });
  }

  const exports = [
    ['nothing it looks for', 'export const store = 1;', /exports store, but no `harness`, `default` or `backend`/],
    ['one backend for all cases', 'export const backend = smallBackend();', /each case needs a fresh, empty place/],
    [
      'a class',
      'export default class Mine {}',
      /is a class: export a function that makes one, `\(\) => new Mine\(…\)`/,
    ],
    ['a function that makes something else', 'export default () => new Map();', /is neither a harness nor a function/],
    [
      'half a harness',
      `export const harness = { name: '', create: 1, expect: { ...capabilities, reads: 'stale' } };`,
      /it needs\n {2}name: .*\n {2}create: .*\n {2}expect\.reads, .*stale/,
    ],
    [
      'a harness that expects nothing',
      `export const harness = { name: 'x', create() {} };`,
      /expect: the capabilities/,
    ],
  ];
  for (const [what, source, says] of exports) {
    it(`a module that exports ${what}`, () => {
      const { status, stderr } = run(moduleOf('unusable.mjs', source), '--only', '1.head');
      assert.equal(status, 2);
      assert.match(stderr, says);
    });
  }

  it('a module that throws, with the place where it did', () => {
    const { status, stderr } = run(moduleOf('throws.mjs', `throw new Error('no server at port 5432');`));
    assert.equal(status, 2);
    assert.match(stderr, /could not be loaded:\nError: no server at port 5432\n {4}at .*throws\.mjs:2/);
  });

  it('a module in TypeScript, where Node.js loads none by itself', (context) => {
    if (process.features.typescript) return context.skip('this Node.js does');
    const { status, stderr } = run(moduleOf('typed.ts', 'export default (): object => smallBackend();'));
    assert.equal(status, 2);
    assert.match(stderr, /since 22\.18, before that with NODE_OPTIONS='--import tsx'/);
  });
});

describe('--help and --list', () => {
  it('tell what is accepted, and every exit code', () => {
    const { status, stdout } = run('--help');
    assert.equal(status, 0);
    for (const word of ['--only', '--seed', '--json', '--strict', '--export', '--list', version, 'tsx'])
      assert.ok(stdout.includes(word), word);
    assert.match(stdout, /0: no broken promise.*1: a promise is broken.*2: .*\n3: nothing was found broken/);
    assert.ok(stdout.split('\n').every((line) => line.length <= 120));
  });

  it('name every case with its claim, and on a module why some will not run', () => {
    const { stdout } = run('--list');
    assert.deepEqual(
      stdout.trimEnd().split('\n'),
      CASES.map(({ id, title }) => `${id}: ${title}`),
    );
    const { status, stdout: narrowed } = run('--list', '--only', '7.sigkill', good);
    assert.equal(status, 0);
    assert.match(narrowed, /^7\.sigkill: .* \[unsupported: durability is 'none', less than 'process'\]\n$/);
  });
});
