// What is deployed, as it is deployed, on files.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstanceId, openStateStore } from '@workflow-state/core';
import { fileSystemBackend } from '@workflow-state/filesystem';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Handler } from '../src/handler.js';

const directory = mkdtempSync(join(tmpdir(), 'handler-'));
const reports: { readonly run: unknown; readonly fence: unknown; readonly text: string }[] = [];
const context = { getRemainingTimeInMillis: () => 60_000 };
let receiver: Server;
let handler: Handler;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (data: Buffer) => (text += data.toString()));
    request.on('end', () => {
      reports.push({ run: request.headers['idempotency-key'], fence: request.headers['x-fence'], text });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('WORKFLOW_STATE_URL', `file:${directory}`);
  vi.stubEnv('REPORT_URL', `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
  ({ handler } = await import('../src/lambda.js'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

it('counts the words of documents, waits for the approval, and publishes the report', async () => {
  const input = { one: 'a rose is a rose', two: 'is a rose' };
  const { instance = '' } = await handler({ type: 'start', workflow: 'word-report', name: 'one', input }, context);
  await handler({ type: 'tick' }, context);
  expect(reports).toEqual([]);
  await handler({ type: 'event', instance, event: 'approved' }, context);
  const text = '8 words, 3 different\n3 a\n3 rose\n2 is';
  expect(reports).toEqual([{ run: instance, fence: expect.stringMatching(/^\d+$/), text }]);

  const store = await openStateStore(fileSystemBackend({ directory }));
  expect((await store.load(InstanceId.parse(instance))).status.kind).toBe('completed');
  await store.close();
});

it('cancels, and leaves alone from then on', async () => {
  const { instance = '' } = await handler({ type: 'start', workflow: 'word-report', name: 'two', input: {} }, context);
  await handler({ type: 'cancel', instance }, context);
  await handler({ type: 'event', instance, event: 'approved' }, context);
  await handler({ type: 'resume', instance }, context);
  expect(reports.map(({ run }) => run)).not.toContain(instance);
});
