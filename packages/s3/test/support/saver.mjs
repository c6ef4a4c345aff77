// A process that adds one to a counter, over and over, by load and save; every other save changes the status.
import { S3Client } from '@aws-sdk/client-s3';
import { decodeJson, encodeJson, openStateStore } from '@workflow-state/core';
import { s3Backend } from '@workflow-state/s3';

const [prefix, instanceId, rounds] = process.argv.slice(2);
const {
  S3_ENDPOINT: endpoint,
  S3_REGION: region,
  S3_BUCKET: bucket,
  S3_ACCESS_KEY: accessKeyId,
  S3_SECRET_KEY: secretAccessKey,
} = process.env;
const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
const store = await openStateStore(s3Backend({ bucket, prefix, client }));

const successes = [];
const others = [];
let conflicts = 0;
let unknown = 0;
for (let round = 0; round < Number(rounds); round++) {
  const state = await store.load(instanceId);
  const count = decodeJson(state.state.count) + 1;
  const status = count % 2 === 0 ? state.status : { kind: 'waiting', stage: 'pay', event: String(count) };
  const next = {
    ...state,
    status: count % 4 === 0 ? { kind: 'paused', stage: 'pay' } : status,
    state: { count: encodeJson(count) },
  };
  try {
    const { checkpointVersion, revision } = await store.save(next);
    successes.push({ version: checkpointVersion, revision });
  } catch (error) {
    if (error.code === 'CHECKPOINT_CONFLICT') conflicts++;
    else if (error.code === 'OUTCOME_UNKNOWN') unknown++;
    else others.push(`${error.code}: ${error.message}`);
  }
}
await store.close();
process.send({ successes, conflicts, unknown, others }, () => process.disconnect());
