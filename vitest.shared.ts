import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Workspace packages resolve to their src through this condition, so tests need no build.
// 'module' must stay out: it makes the AWS SDK resolve to ESM that Node cannot load.
const conditions = ['@workflow-state/source', 'node'];

const shared: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
    // Packages are tested side by side, also on small machines; a test that hangs still ends.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Read by scripts/count-tests.mjs.
    reporters: ['default', ['json', { outputFile: 'reports/vitest.json' }]],
  },
});

export default shared;
