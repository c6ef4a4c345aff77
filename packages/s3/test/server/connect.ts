// The real SDK, without retries of its own unless asked for, so that a test sees each request.
import { S3Client, S3ServiceException, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Server } from './s3-server.js';

/** A client of the server, ended with the test's server: connections are cut by `close`. */
export function connect(server: S3Server, { actor, ...config }: S3ClientConfig & { actor?: string } = {}): S3Client {
  return new S3Client({ maxAttempts: 1, ...server.clientConfig(actor), ...config });
}

/** The status that a request was answered with, an error or not, or the name of an error without an answer. */
export async function statusOf(sent: Promise<{ $metadata: { httpStatusCode?: number } }>): Promise<number | string> {
  try {
    return (await sent).$metadata.httpStatusCode ?? 'no status';
  } catch (error) {
    if (error instanceof S3ServiceException) return error.$metadata.httpStatusCode ?? error.name;
    if (error instanceof Error) return 'code' in error ? String(error.code) : error.name;
    throw error;
  }
}
