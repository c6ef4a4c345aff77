// What a command that talks to the server finds in its environment, and where a server is that several commands share.
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Of the server that `ceph.mjs start` runs: one per user, until it is stopped. */
export const sharedDirectory = join(tmpdir(), `workflow-state-ceph-${userInfo().uid}`);

/**
 * S3_* for tests that build their own client, AWS_* for the credential chain of the SDK.
 * @param {import('./cluster.mjs').Connection} connection
 */
export function environmentOf(connection) {
  return {
    ...connection,
    AWS_ACCESS_KEY_ID: connection.S3_ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: connection.S3_SECRET_KEY,
    AWS_REGION: connection.S3_REGION,
  };
}
