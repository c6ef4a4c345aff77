// `npm run test:serverless`. Needs the environment that scripts/with-ceph.mjs makes.
import { defineConfig } from 'vitest/config';
import shared from '../../../vitest.shared.js';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/simulation/*.simulation.ts'],
    typecheck: { enabled: false },
    // One after the other: each has the processors to itself. A minute there; some on a machine that is busy otherwise.
    fileParallelism: false,
    testTimeout: 400_000,
    // Not the report that counts the cases of `npm test`.
    reporters: ['default', ['json', { outputFile: 'reports/vitest.simulation.json' }]],
  },
});
