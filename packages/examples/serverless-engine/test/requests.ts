// Counting what goes over the wire, and what AWS asks for it.
import { openStateStore, type StateStore } from '@workflow-state/core';
import { s3Backend } from '@workflow-state/s3';
import { connect } from '../../../s3/test/server/connect.js';
import { type S3Server, startS3Server } from '../../../s3/test/server/s3-server.js';

/** US dollars per million requests: S3 Standard in us-east-1, list price of November 2026, aws.amazon.com/s3/pricing. DELETE is free. */
const PRICE = { PUT: 5, POST: 5, LIST: 5, GET: 0.4, HEAD: 0.4, DELETE: 0 } as const;

type Kind = keyof typeof PRICE;

export interface Bill {
  readonly requests: Readonly<Partial<Record<Kind, number>>>;
  /** US dollars for a million times these requests. */
  readonly perMillion: number;
}

export interface Counted {
  readonly server: S3Server;
  readonly store: StateStore;
  bill(act: () => Promise<unknown>): Promise<Bill>;
  close(): Promise<void>;
}

export async function countedStore(clock: () => number): Promise<Counted> {
  const server = await startS3Server({ profile: 'aws', clock });
  const client = connect(server);
  const store = await openStateStore(s3Backend({ bucket: 'test-bucket', prefix: 'engine', client }), { clock });
  await store.count('running'); // what opening costs on a store that is not AWS
  return {
    server,
    store,
    async bill(act) {
      server.clearLog();
      await act();
      const requests: Partial<Record<Kind, number>> = {};
      let perMillion = 0;
      for (const { method, operation } of server.log) {
        const kind = operation === 'ListObjectsV2' ? 'LIST' : (method as Kind);
        requests[kind] = (requests[kind] ?? 0) + 1;
        perMillion += PRICE[kind];
      }
      return { requests, perMillion: Math.round(perMillion * 100) / 100 };
    },
    async close() {
      await store.close();
      client.destroy();
      await server.close();
    },
  };
}
