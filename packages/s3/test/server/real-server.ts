// The server that scripts/with-ceph.mjs started. Without it tests fail: a proof that was skipped is no proof.
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface RealServer {
  readonly endpoint: string;
  readonly bucket: string;
  connect(config?: S3ClientConfig): S3Client;
}

export function realServer(env: NodeJS.ProcessEnv = process.env): RealServer {
  const read = (name: string): string => {
    const value = env[name];
    if (value === undefined) throw new Error(`${name} is not set; run this by scripts/with-ceph.mjs`);
    return value;
  };
  const endpoint = read('S3_ENDPOINT');
  const region = read('S3_REGION');
  const credentials = { accessKeyId: read('S3_ACCESS_KEY'), secretAccessKey: read('S3_SECRET_KEY') };
  return {
    endpoint,
    bucket: read('S3_BUCKET'),
    connect: (config = {}) =>
      new S3Client({
        endpoint,
        region,
        credentials,
        forcePathStyle: true,
        maxAttempts: 1,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        ...config,
      }),
  };
}
