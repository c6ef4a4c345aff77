// The harness over the server that scripts/with-ceph.mjs has started.
import { harnessOn, knownGaps } from './harness.js';
import { realServer } from './server/real-server.js';

const real = realServer();

export const harness = harnessOn({
  name: 'ceph',
  bucket: real.bucket,
  processes: true,
  reclaims: false,
  knownGaps,
  patience: 2,
  // Two thousand are listed all the same. Longer races run in-process, and by eight processes in processes.ceph.ts.
  sizes: { racers: 8, rounds: 4, propertyRuns: 15, kills: 3 },
  async server() {
    return { connect: () => real.connect() };
  },
});
