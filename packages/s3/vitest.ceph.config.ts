// `npm run test:s3`. Tests against a real S3 server, named *.ceph.ts: they need the environment that scripts/with-ceph.mjs
// makes. And, named *.long.ts, what takes minutes.
import { defineConfig } from 'vitest/config';
import shared from '../../vitest.shared.js';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/**/*.ceph.ts', 'test/**/*.long.ts'],
    typecheck: { enabled: false },
    // Not the report that counts the cases of `npm test`.
    reporters: ['default', ['json', { outputFile: 'reports/vitest.ceph.json' }]],
  },
});
