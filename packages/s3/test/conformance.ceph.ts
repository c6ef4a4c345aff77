// The whole conformance suite on a real S3 server, listings of 2 000 instances under writes included.
//
// Ceph 16 answers some losers of a race with `500 UnknownError`, later releases with 409. A 500 is a doubt, so a save
// that lost to two others at once ends in OUTCOME_UNKNOWN, which is honest; but the suite wants a race without faults to
// end definitely. So these clients are told 412 instead. Were such a write applied after all, the suite would find two
// winners. processes.ceph.ts and lost-responses.ceph.ts take the answers as they come.
import type { S3Client } from '@aws-sdk/client-s3';
import { registerConformance } from '@workflow-state/core/conformance';
import { describe, it } from 'vitest';
import { harnessOn, knownGaps } from './harness.js';
import { realServer } from './server/real-server.js';

const real = realServer();

function withoutDoubt(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { method } = args.request as { readonly method: string };
      const response = result.response as { statusCode: number };
      if (method === 'PUT' && response.statusCode === 500) response.statusCode = 412;
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  return client;
}

registerConformance(
  { describe, it, skip: it.skip },
  harnessOn({
    name: 'ceph',
    bucket: real.bucket,
    reclaims: false,
    knownGaps,
    patience: 2,
    async server() {
      return { connect: () => withoutDoubt(real.connect()) };
    },
  }),
);
