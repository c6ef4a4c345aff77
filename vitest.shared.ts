import { defineConfig } from 'vitest/config';

// Workspace packages resolve to their src through this condition, so tests need no build.
// 'module' must stay out: it makes the AWS SDK resolve to ESM that Node cannot load.
const conditions = ['@workflow-state/source', 'node'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
    benchmark: { include: ['bench/**/*.bench.ts'] },
  },
});
