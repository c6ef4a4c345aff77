import assert from 'node:assert/strict';
import { describe, expect, it } from 'vitest';
import {
  type ConformanceCase,
  ConformanceFailure,
  type Harness,
  registerConformance,
  validate,
} from '../../src/conformance/index.js';
import { StateStoreError } from '../../src/errors.js';
import { backendMutants } from '../mutants/backend-mutants.js';
import { controlHarness } from '../mutants/control-harness.js';

const good = one('3.good', async () => undefined);
const broken = one('3.broken', async () => assert.fail('two of three won'));
const crashing = one('3.crashing', async () => {
  throw new TypeError('undefined is not a function');
});

describe('the report', () => {
  it('tells a broken promise with its clause, the operations, the usual cause and how to replay it', async () => {
    const loses = one('4.loses', async (context) => {
      const store = await context.open();
      const { instanceId } = await store.save(context.state());
      await store.delete(instanceId);
      assert.ok(await store.find(instanceId), 'the save is gone');
    });
    const { results, red } = await validate(controlHarness(), { cases: [loses], seed: 7 });
    expect(red).toEqual(['4.loses failed']);
    const error = results[0]?.error as ConformanceFailure;
    expect(error).toBeInstanceOf(ConformanceFailure);
    expect(error).toMatchObject({ caseId: '4.loses', clause: 4, finding: 'the save is gone', seed: 7 });
    expect(error.message).toContain('clause 4, No lost acknowledgement, does not hold');
    expect(error.message).toContain('Once `save` resolves, every later `load` sees that write or a successor.');
    expect(error.message).toContain("validate(harness, { seed: 7, only: ['4.loses'] })");
    expect(error.message).toContain('usual cause  it was made so');
    const told = error.message
      .slice(error.message.indexOf('\n  operations') + 1)
      .split('\n')
      .slice(1);
    expect(
      told.map((line) =>
        line
          .trim()
          .replaceAll(/\b[0-9a-f]{6,32}\b/g, '#')
          .replace(/^\S+ +/, ''),
      ),
    ).toEqual([
      'A.save(# v0 running) → # v1 running #',
      'backend.write(# v1 running # over nothing) → etag-#',
      'A.delete(#) → true',
      'backend.head(#) → 128 bytes',
      'backend.write(# v2 tombstone # over v1 #) → etag-#',
      'A.find(#) → undefined',
      'backend.read(#) → 128 bytes',
    ]);
  });

  it('tells the faults that were made between the store and its backend', async () => {
    const faulty = one('6.faulty', async (context) => {
      let fault: 'reply' | 'request' | undefined = 'reply';
      const store = await context.open({
        write: async (next) => {
          const meets = fault;
          fault = fault === 'reply' ? 'request' : undefined;
          if (meets !== 'request') await next();
          if (meets !== undefined) throw new Error(`the ${meets} was lost`);
        },
      });
      await store.save(context.state());
      await store.save(context.state());
      assert.fail('so far');
    });
    const { results } = await validate(controlHarness(), { cases: [faulty] });
    const { message } = results[0]!.error as ConformanceFailure;
    expect(message).toContain('· the answer of that write is lost: Error: the reply was lost\n');
    expect(message).toContain('· that write is stopped: Error: the request was lost\n');
  });

  it('tells of a property only the smallest sequence that breaks it', async () => {
    const mutant = backendMutants.find(({ id }) => id === 'leaves-the-old-entry');
    const { results } = await validate(mutant!.harness, { only: ['4.model'], seed: 1 });
    const { finding, message } = results.find(({ id }) => id === '4.model')!.error as ConformanceFailure;
    expect(finding).toMatch(/smallest counterexample, after \d+ steps: \[\[\{"op":/);
    expect(message.match(/A\.(?:save|update|delete)\(/g)?.length).toBeLessThan(10);
  });

  it('takes a defined answer where another was promised for a failure, and anything else that is thrown for a crash', async () => {
    const answers = one('3.answers', async () => {
      throw new StateStoreError('CHECKPOINT_CONFLICT', 'somebody was first');
    });
    const { results, counts } = await validate(controlHarness(), { cases: [answers, crashing] });
    expect(results.map(({ outcome }) => outcome)).toEqual(['failed', 'crashed']);
    expect(counts).toMatchObject({ failed: 1, crashed: 1, passed: 0 });
  });

  it('is red when no case ran, whatever the reason', async () => {
    const needy: ConformanceCase = { ...good, needs: { sharing: 'network' } };
    const { red } = await validate(controlHarness(), { cases: [needy] });
    expect(red).toEqual(['no case ran at all']);
    expect((await validate(controlHarness(), { cases: [] })).red).toEqual(['no case ran at all']);
  });

  it('shows what was not run, with the reason, and is red for it only if asked to be', async () => {
    const { peer: _, ...harness } = controlHarness();
    const hooked: ConformanceCase = { ...good, id: '3.hooked', hooks: ['peer'] };
    const report = await validate(harness, { cases: [good, hooked, broken], only: ['3.good', '3.hooked'] });
    expect(report.results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['passed', undefined],
      ['notRun', 'the harness has no peer'],
      ['notRun', 'left out by the option `only`'],
    ]);
    expect(report.red).toEqual([]);
    expect(report.toText()).toContain('No broken promise was found by 1 cases; 2 were not run, and say nothing.');
    const strict = await validate(harness, { cases: [good, hooked], strict: true });
    expect(strict.red).toEqual(['not run: 3.hooked: the harness has no peer']);
  });

  it('tells unsupported, not applicable and not run apart', async () => {
    const cases: ConformanceCase[] = [
      good,
      { ...good, id: '3.a', needs: { sharing: 'network' } },
      { ...good, id: '3.b', denies: { sharing: 'process' } },
      one('3.c', async (context) => context.notApplicable('nothing to see')),
      one('3.d', async (context) => context.notRun('no library')),
    ];
    const { results, counts } = await validate(controlHarness(), { cases });
    expect(results.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['passed', undefined],
      ['unsupported', "sharing is 'host', less than 'network'"],
      ['notApplicable', 'sharing:process is declared'],
      ['notApplicable', 'nothing to see'],
      ['notRun', 'no library'],
    ]);
    expect(counts).toEqual({
      passed: 1,
      failed: 0,
      crashed: 0,
      knownGap: 0,
      unsupported: 1,
      notApplicable: 2,
      notRun: 1,
    });
  });

  it('turns red when a known gap is closed, so that it is taken off the list', async () => {
    const gaps = { '3.broken': 'issue 12', '3.good': 'issue 13', '3.typo': 'issue 14' };
    const report = await validate({ ...controlHarness(), knownGaps: gaps }, { cases: [broken, good] });
    expect(report.results.map(({ outcome }) => outcome)).toEqual(['knownGap', 'failed']);
    expect(report.results[1]?.reason).toContain('take it off knownGaps');
    expect(report.red).toEqual(['3.good failed', 'knownGaps names 3.typo, which is no case']);
  });

  it('runs nothing on a harness whose locations are not isolated', async () => {
    const unfit = one('0.unfit', async () => assert.fail('shared'));
    const { results } = await validate(controlHarness(), { cases: [unfit, good] });
    expect(results.map(({ outcome, reason }) => [outcome, outcome === 'notRun' ? reason : ''])).toEqual([
      ['failed', ''],
      ['notRun', 'the harness is not fit: 0.unfit failed'],
    ]);
  });

  it('is plain data as JSON, and counts by clause', async () => {
    const report = await validate(controlHarness(), { cases: [good, broken], seed: 1 });
    const data = JSON.parse(JSON.stringify(report));
    expect(data).toMatchObject({
      harness: 'control',
      seed: 1,
      counts: { passed: 1, failed: 1 },
      red: ['3.broken failed'],
    });
    expect(data.results[1]).toMatchObject({ id: '3.broken', outcome: 'failed' });
    expect(data.clauses.find(({ clause }: { clause: number }) => clause === 3).counts).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  it('names a case that does not end, and goes on', async () => {
    const endless: ConformanceCase = { ...one('3.endless', () => new Promise(() => undefined)), timeoutMs: 20 };
    const { results } = await validate(controlHarness(), { cases: [endless, good] });
    expect(results.map(({ outcome }) => outcome)).toEqual(['failed', 'passed']);
    expect(results[0]?.reason).toContain('it has not ended after 20 ms');
  });

  it('draws the same values for a case alone as among all', async () => {
    const drawn: string[] = [];
    const draws = one('3.draws', async (context) => void drawn.push(context.id()));
    await validate(controlHarness(), { cases: [good, draws], seed: 5 });
    await validate(controlHarness(), { cases: [draws], seed: 5 });
    await validate(controlHarness(), { cases: [draws], seed: 6 });
    expect(drawn[1]).toBe(drawn[0]);
    expect(drawn[2]).not.toBe(drawn[0]);
  });

  it('removes what a case has made, also when it fails', async () => {
    let disposed = 0;
    const harness = controlHarness();
    const counting: Harness = {
      ...harness,
      create: async (options) => ({ ...(await harness.create(options)), dispose: async () => void disposed++ }),
    } as Harness;
    const fails = one('3.fails', async (context) => {
      await (await context.open()).save(context.state());
      await (await context.elsewhere()).open();
      assert.fail('broken');
    });
    await validate(counting, { cases: [fails] });
    expect(disposed).toBe(2);
  });
});

describe('a test runner', () => {
  it('is given one test per case, and what will not run is shown by its title', async () => {
    const { tests, runner } = fakeRunner();
    const { peer: _, ...harness } = controlHarness();
    registerConformance(runner, { ...harness, knownGaps: { '1.bytes': 'issue 1' } });
    const titles = tests.map(({ name }) => name);
    expect(titles).toContainEqual(
      expect.stringMatching(/^not run \(the harness has no peer\): 3\.racing-handles-one-winner: /),
    );
    expect(titles).toContainEqual(
      expect.stringMatching(/^not applicable \(reads:latest is declared\): 12\.stale-reads-never-win: /),
    );
    expect(titles).toContainEqual(expect.stringMatching(/^known gap: 1\.bytes: /));
    const bytes = tests.find(({ name }) => name.startsWith('known gap: 1.bytes'));
    await expect(bytes?.body()).rejects.toThrow('take it off knownGaps');
    await expect(tests.find(({ name }) => name.startsWith('1.keys'))?.body()).resolves.toBeUndefined();
  });

  it('is given a red test for what cannot run, if that is asked for', async () => {
    const { tests, runner } = fakeRunner();
    const { peer: _, ...harness } = controlHarness();
    registerConformance(runner, harness, { strict: true });
    const test = tests.find(({ name }) => name.startsWith('not run: 3.racing-handles-one-winner'));
    await expect(test?.body()).rejects.toThrow('not run: the harness has no peer');
  });

  it('is told at run time of what was found not to apply, and never of a pass instead', async () => {
    const { tests, runner } = fakeRunner();
    registerConformance(
      runner,
      controlHarness(undefined, { expect: { ...controlHarness().expect, maxBodyBytes: Infinity } }),
    );
    const skipped: string[] = [];
    await tests
      .find(({ name }) => name.startsWith('12.max-body'))
      ?.body({ skip: (reason: string) => void skipped.push(reason) });
    expect(skipped).toEqual(['notApplicable: maxBodyBytes is Infinity']);
  });

  it('is given a red test for a known gap that no case has', async () => {
    const { tests, runner } = fakeRunner();
    registerConformance(runner, { ...controlHarness(), knownGaps: { '9.typo': 'issue 2' } });
    await expect(tests[0]?.body()).rejects.toThrow('knownGaps names 9.typo');
  });
});

function one(id: string, run: ConformanceCase['run']): ConformanceCase {
  return {
    id,
    clause: Number(id.split('.')[0]),
    title: `the case ${id} holds`,
    level: 'store',
    usualCause: 'it was made so',
    run,
  };
}

function fakeRunner() {
  const tests: { name: string; body(context?: unknown): Promise<void> }[] = [];
  return {
    tests,
    runner: {
      describe: (_name: string, body: () => void) => body(),
      it: (name: string, body: (context?: unknown) => Promise<void>) => void tests.push({ name, body }),
    },
  };
}
