// `npm run test:exhaustive`: searches that take half an hour and more, named *.exhaustive.ts.
import { defineConfig } from 'vitest/config';
import shared from '../../vitest.shared.js';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/**/*.exhaustive.ts'],
    typecheck: { enabled: false },
    reporters: ['verbose'],
  },
});
