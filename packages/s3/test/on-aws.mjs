// Runs a command with a bucket of its own on AWS, named in S3_BUCKET; then empties the bucket and deletes it.
//   AWS_PROFILE=… AWS_REGION=… npm run test:aws
// Needs s3:CreateBucket, s3:DeleteBucket, s3:PutLifecycleConfiguration and what README.md asks for. Some 100 000 requests,
// below one US dollar. A bucket that is left behind by a crash empties itself after a day.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';

const [command, ...args] = process.argv.slice(2);
const client = new S3Client({});
const region = await client.config.region();
const Bucket = `workflow-state-suite-${randomUUID()}`;
const CreateBucketConfiguration = region === 'us-east-1' ? undefined : { LocationConstraint: region };
await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
console.log(`bucket ${Bucket} in ${region}`);
try {
  const Rules = [{ ID: 'forget', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } }];
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  process.exitCode = await new Promise((resolve, reject) => {
    const env = { ...process.env, S3_BUCKET: Bucket, AWS_REGION: region };
    const suite = spawn(command, args, { stdio: 'inherit', env });
    suite.once('error', reject);
    suite.once('exit', (code) => resolve(code ?? 1));
  });
} finally {
  for (;;) {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
    if (Contents.length === 0) break;
    await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })), Quiet: true } }),
    );
  }
  await client.send(new DeleteBucketCommand({ Bucket }));
}
