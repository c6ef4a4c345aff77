// Counts the test cases of the last `npm test` from the reports it left, one per package and runner.
// Prints `<passed> <failed>`. A package that has tests to run and left no report, or ran none, counts as one failure.
//   node scripts/count-tests.mjs          --clear removes the reports
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packages, root } from './packages.mjs';

const runners = [
  {
    script: 'test',
    report: 'reports/vitest.json',
    read: (text) => {
      const { numPassedTests, numFailedTests, testResults } = JSON.parse(text);
      // A file that does not load has no case to fail.
      const broken = testResults.filter(
        (file) => file.status === 'failed' && file.assertionResults.length === 0,
      ).length;
      return { passed: numPassedTests, failed: numFailedTests + broken };
    },
  },
  {
    script: 'test:node',
    report: 'reports/node-test.tap',
    read: (text) => {
      const total = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
      return { passed: total('pass'), failed: total('fail') + total('cancelled') };
    },
  },
];

let passed = 0;
let failed = 0;
for (const { dir, manifest } of packages) {
  for (const { script, report, read } of runners) {
    const file = join(root, dir, report);
    if (process.argv.includes('--clear')) {
      rmSync(file, { force: true });
      continue;
    }
    if (!manifest.scripts?.[script]) continue;
    const counts = existsSync(file) ? read(readFileSync(file, 'utf8')) : { passed: 0, failed: 0 };
    if (counts.passed + counts.failed === 0) {
      console.error(`${manifest.name}: no cases reported for ${script}`);
      counts.failed = 1;
    }
    passed += counts.passed;
    failed += counts.failed;
  }
}
if (!process.argv.includes('--clear')) console.log(`${passed} ${failed}`);
