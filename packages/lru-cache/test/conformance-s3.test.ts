// The whole suite through the wrapper, over S3: servers in this process that behave as AWS does.

import { harnessOn, knownGaps } from '../../s3/test/harness.js';
import { connect } from '../../s3/test/server/connect.js';
import { startS3Server } from '../../s3/test/server/s3-server.js';
import { registerCached } from './support/conformance.js';

const s3 = harnessOn({
  name: 's3',
  bucket: 'test-bucket',
  reclaims: true,
  knownGaps,
  // The backend's own run takes the full numbers; a wrapper has no part in long listings.
  sizes: { racers: 8, rounds: 4, listed: 200, propertyRuns: 10, kills: 1 },
  async server(clock) {
    // The suite's clock goes to the ends of time; no HTTP date does.
    const server = await startS3Server({
      profile: 'aws',
      clock: () => Math.min(Math.max(clock(), 0), Date.UTC(9000, 0)),
    });
    return { connect: () => connect(server), close: () => server.close() };
  },
});

registerCached(s3, { max: 10_000, revalidate: 'always' });
registerCached(s3, { max: 10_000, revalidate: 'never' });
