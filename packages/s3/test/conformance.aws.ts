// The whole conformance suite on AWS, in the bucket of S3_BUCKET, with the credentials and region of the SDK's chain.
// Run by `npm run test:aws`; nothing here runs without an account.
import { S3Client } from '@aws-sdk/client-s3';
import { registerConformance } from '@workflow-state/core/conformance';
import { describe, it } from 'vitest';
import { harnessOn, knownGaps } from './harness.js';

const bucket = process.env['S3_BUCKET'];
if (bucket === undefined) throw new Error('S3_BUCKET is not set; run this by npm run test:aws');

registerConformance(
  { describe, it, skip: it.skip },
  harnessOn({
    name: 'aws',
    bucket,
    processes: true,
    reclaims: true,
    knownGaps: {
      ...knownGaps,
      '12.reclaims': 'ages are those of the server, and its clock cannot be put forward by a week',
    },
    sizes: { racers: 8, rounds: 3, listed: 2000, propertyRuns: 10 },
    patience: 10,
    async server() {
      return { connect: () => new S3Client({}) };
    },
  }),
);
