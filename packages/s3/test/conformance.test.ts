// The whole conformance suite over the store of each profile, in-process.
import { registerConformance } from '@workflow-state/core/conformance';
import { describe, it } from 'vitest';
import { harnessOn, knownGaps } from './harness.js';
import { connect } from './server/connect.js';
import { type ProfileName, profiles } from './server/profile.js';
import { startS3Server } from './server/s3-server.js';

const kept: readonly ProfileName[] = ['aws', 'ceph16', 'minio'];

for (const profile of kept) {
  registerConformance(
    { describe, it, skip: it.skip },
    harnessOn({
      name: profile,
      bucket: 'test-bucket',
      reclaims: profiles[profile].conditionalDelete === 'honoured',
      knownGaps,
      // Once in full: the profiles differ in how they answer, not in how they list.
      ...(profile !== 'aws' && { sizes: { racers: 8, rounds: 3, listed: 300, propertyRuns: 10 } }),
      async server(clock) {
        // The suite's clock goes to the ends of time; no HTTP date does.
        const server = await startS3Server({ profile, clock: () => Math.min(Math.max(clock(), 0), Date.UTC(9000, 0)) });
        return { connect: () => connect(server), close: () => server.close() };
      },
    }),
  );
}
