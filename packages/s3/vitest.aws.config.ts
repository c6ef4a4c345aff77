// The suite on an AWS account: see README.md, "On your own account".
import { defineConfig } from 'vitest/config';
import shared from '../../vitest.shared.js';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/**/*.aws.ts'],
    typecheck: { enabled: false },
    reporters: ['default', ['json', { outputFile: 'reports/vitest.aws.json' }]],
  },
});
