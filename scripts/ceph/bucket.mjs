// Creates the bucket without an SDK, so that the script needs nothing but Node.js. Signature version 2,
// which radosgw still takes, fits in one line.
import { createHmac } from 'node:crypto';

/** @param {{ endpoint: string, accessKey: string, secretKey: string, bucket: string }} of */
export async function createBucket({ endpoint, accessKey, secretKey, bucket }) {
  const date = new Date().toUTCString();
  const signature = createHmac('sha1', secretKey).update(`PUT\n\n\n\nx-amz-date:${date}\n/${bucket}`).digest('base64');
  const answer = await fetch(`${endpoint}/${bucket}`, {
    method: 'PUT',
    headers: { 'x-amz-date': date, authorization: `AWS ${accessKey}:${signature}` },
    signal: AbortSignal.timeout(20_000),
  });
  if (!answer.ok) throw new Error(`bucket ${bucket} not created: ${answer.status} ${await answer.text()}`);
}
