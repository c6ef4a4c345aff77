// The whole suite through the wrapper, over S3: servers in this process that behave as AWS does.

import { harnessOn, knownGaps } from '../../s3/test/harness.js';
import { connect } from '../../s3/test/server/connect.js';
import { startS3Server } from '../../s3/test/server/s3-server.js';
import { registerCached } from './support/conformance.js';
import { DAMAGE_BEHIND_A_HIT } from './support/stale-reads.js';

const s3 = harnessOn({
  name: 's3',
  bucket: 'test-bucket',
  reclaims: true,
  knownGaps: { ...knownGaps, ...DAMAGE_BEHIND_A_HIT },
  // The backend's own run takes the full numbers; a wrapper has no part in long listings.
  sizes: { racers: 8, rounds: 4, listed: 200, propertyRuns: 10, kills: 1 },
  async server(clock) {
    const server = await startS3Server({ profile: 'aws', clock });
    return { connect: () => connect(server), close: () => server.close() };
  },
});

registerCached(s3, { max: 10_000, revalidate: 'always' });
registerCached(s3, { max: 10_000, revalidate: 'never' });
