// What is deployed: bundle this file, and set
//   WORKFLOW_STATE_URL   s3://bucket/prefix?region=…, or file:./state to try it on one machine
//   REPORT_URL           where reports are put, with the run in Idempotency-Key and the fence in X-Fence
//   LEASE_SECONDS        longer than a step takes; default 60

import { openStateStoreFromUrl } from '@workflow-state/core';
import { fileScheme } from '@workflow-state/filesystem';
import { s3Scheme } from '@workflow-state/s3';
import { Engine } from './engine.js';
import { type Handler, handlerOf } from './handler.js';
import { type Publish, wordReport } from './word-report.js';

const {
  WORKFLOW_STATE_URL = 'file:./state',
  REPORT_URL = '',
  LEASE_SECONDS = '60',
  AWS_LAMBDA_LOG_STREAM_NAME,
} = process.env;

const publish: Publish = async ({ run, fence, text }) => {
  const headers = { 'idempotency-key': run, 'x-fence': String(fence) };
  const answer = await fetch(REPORT_URL, { method: 'PUT', headers, body: text });
  if (!answer.ok) throw new Error(`${REPORT_URL} answered ${answer.status}`);
};

// Outside the handler: a warm call opens nothing.
const store = await openStateStoreFromUrl(WORKFLOW_STATE_URL, { schemes: [fileScheme, s3Scheme] });
const engine = new Engine({
  store,
  workflows: [wordReport('word-report', publish, { event: 'approved', within: { days: 3 } })],
  owner: AWS_LAMBDA_LOG_STREAM_NAME ?? `process ${process.pid}`,
  lease: { seconds: Number(LEASE_SECONDS) },
});

export const handler: Handler = handlerOf(engine, 5000);
