// Tests against a real S3 server, named *.ceph.ts. They need the environment that scripts/with-ceph.mjs makes.
import { defineConfig } from 'vitest/config';
import shared from '../../vitest.shared.js';

export default defineConfig({
  ...shared,
  test: { ...shared.test, include: ['test/**/*.ceph.ts'], typecheck: { enabled: false } },
});
