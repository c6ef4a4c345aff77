// The whole conformance suite on a real S3 server, listings of 2 000 instances under writes included.
import { registerConformance } from '@workflow-state/core/conformance';
import { describe, it } from 'vitest';
import { harnessOn, knownGaps } from './harness.js';
import { realServer } from './server/real-server.js';

const real = realServer();

registerConformance(
  { describe, it, skip: it.skip },
  harnessOn({
    name: 'ceph',
    bucket: real.bucket,
    processes: true,
    reclaims: false,
    knownGaps,
    patience: 2,
    async server() {
      return { connect: () => real.connect() };
    },
  }),
);
