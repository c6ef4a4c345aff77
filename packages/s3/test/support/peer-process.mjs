// A backend for the conformance suite in a process of its own: on the server of S3_ENDPOINT, or on AWS.
import { S3Client } from '@aws-sdk/client-s3';
import { serveBackend } from '@workflow-state/core/conformance';
import { s3Backend } from '@workflow-state/s3';

const [bucket, prefix] = process.argv.slice(2);
const {
  S3_ENDPOINT: endpoint,
  S3_REGION: region,
  S3_ACCESS_KEY: accessKeyId,
  S3_SECRET_KEY: secretAccessKey,
} = process.env;
const client = new S3Client(
  endpoint === undefined
    ? {}
    : { endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } },
);
serveBackend(process, s3Backend({ bucket, prefix, client }));
