// The whole suite through the wrapper, over S3, served in this process with the behaviour of AWS.

import { openStateStore } from '@workflow-state/core';
import { type Harness, registerConformance } from '@workflow-state/core/conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { harnessOn, type Prefix } from '../../s3/test/harness.js';
import { connect } from '../../s3/test/server/connect.js';
import { type S3Server, startS3Server } from '../../s3/test/server/s3-server.js';
import { type LruCacheOptions, withLruCache } from '../src/index.js';
import { staleReads } from './support/stale-reads.js';

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server({ profile: 'aws' });
});
afterAll(() => server.close());

function harness(options: LruCacheOptions): Harness<Prefix> {
  const s3 = harnessOn({ name: 'aws', bucket: 'test-bucket', reclaims: true, client: () => connect(server) });
  return {
    ...s3,
    name: `lru-cache (${options.revalidate}) over s3`,
    expect: { ...s3.expect, reads: options.revalidate === 'always' ? 'latest' : 'may-be-stale' },
    open: async (backend, storeOptions) => withLruCache(await openStateStore(backend, storeOptions), options),
    knownGaps: staleReads(options),
  };
}

registerConformance({ describe, it, skip: it.skip }, harness({ max: 10_000, revalidate: 'always' }));
registerConformance({ describe, it, skip: it.skip }, harness({ max: 10_000, revalidate: 'never' }));
