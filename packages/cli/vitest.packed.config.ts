// The packed binary, installed in an empty folder: `.ci/run cli`. Files are named *.packed.ts.
import { defineConfig } from 'vitest/config';
import shared from '../../vitest.shared.js';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/**/*.packed.ts'],
    typecheck: { enabled: false },
    globalSetup: ['test/support/install.ts'],
    testTimeout: 60_000,
    // Not the report that counts the cases of `npm test`.
    reporters: ['default', ['json', { outputFile: 'reports/vitest.packed.json' }]],
  },
});
