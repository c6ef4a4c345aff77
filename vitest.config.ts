import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/{core,memory,filesystem,s3,lru-cache}', 'packages/examples/*'],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**'],
      reporter: ['text', 'json-summary'],
    },
  },
});
