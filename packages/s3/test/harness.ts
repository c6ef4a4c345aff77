// A harness of the conformance suite over one S3 server, in this process or not: each location is a prefix of its own.
import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { forkBackend, type Harness, type Location } from '@workflow-state/core/conformance';
import type { StateBackend } from '@workflow-state/core/backend';
import { s3Backend } from '../src/index.js';

export interface Prefix extends Location {
  readonly prefix: string;
  readonly server: ServerHandle;
}

export interface ServerHandle {
  connect(): S3Client;
  close?(): Promise<void>;
}

export interface HarnessOptions {
  readonly name: string;
  readonly bucket: string;
  /** Whether the server honours conditions on DELETE. */
  readonly reclaims: boolean;
  readonly knownGaps?: Readonly<Record<string, string>>;
  readonly sizes?: NonNullable<Harness['sizes']>;
  readonly patience?: number;
  /** Whether another process finds the server by its environment. */
  readonly processes?: boolean;
  /** A server for one location. One that takes a clock shows it as its own. */
  server(clock: () => number): Promise<ServerHandle>;
}

export function harnessOn({
  name,
  bucket,
  reclaims,
  processes,
  server: serve,
  ...rest
}: HarnessOptions): Harness<Prefix> {
  const backendOn = async (server: ServerHandle, prefix: string): Promise<StateBackend> => {
    const backend = s3Backend({ bucket, prefix, client: server.connect() });
    // The suite reads the capabilities before it opens the store; whether this one reclaims is known afterwards.
    await backend.open?.({});
    return backend;
  };
  return {
    ...rest,
    name: `s3 (${name})`,
    expect: { durability: 'power-loss', sharing: 'network', reads: 'latest', reclaims, maxBodyBytes: Infinity },
    async create({ clock }) {
      const server = await serve(clock);
      const prefix = `conformance/${randomUUID()}`;
      return { prefix, server, backend: await backendOn(server, prefix), dispose: async () => server.close?.() };
    },
    peer: async ({ server, prefix }) => ({ backend: await backendOn(server, prefix) }),
    reopen: async ({ server, prefix }) => ({ backend: await backendOn(server, prefix) }),
    ...(processes === true && {
      peerProcess: ({ prefix }) =>
        forkBackend(new URL('./support/peer-process.mjs', import.meta.url), [bucket, prefix]),
    }),
    faults: {
      async corrupt({ server, prefix }, id, change) {
        const place = { Bucket: bucket, Key: `${prefix}/instances/${id}` };
        const client = server.connect();
        const { Body } = await client.send(new GetObjectCommand(place));
        const bytes = change((await Body?.transformToByteArray()) ?? new Uint8Array());
        if (bytes === undefined) await client.send(new DeleteObjectCommand(place));
        else await client.send(new PutObjectCommand({ ...place, Body: bytes }));
        client.destroy();
      },
      async plantForeign({ server, prefix }) {
        const client = server.connect();
        const id = 'f'.repeat(32);
        const names = [
          `${prefix}/instances/README.txt`,
          `${prefix}/instances/${id}.bak`,
          `${prefix}/instances/${id.slice(1)}`,
          `${prefix}/instances/${id}/part`,
          `${prefix}/status/running/${id}`,
          `${prefix}/status/running/${id}.1.note`,
          `${prefix}/status/completed/.DS_Store`,
          `${prefix}/status/unheard-of/${id}.00000001.0123456789abcdef.0`,
          `${prefix}/notes`,
        ];
        for (const Key of names) await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: `of ${Key}` }));
        return async () => {
          for (const Key of names) {
            const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
            if ((await Body?.transformToString()) !== `of ${Key}`) return false;
          }
          client.destroy();
          return true;
        };
      },
    },
  };
}

/** What no object store can keep of the contract, with the reason. Each is still shown to fail. */
export const knownGaps: Readonly<Record<string, string>> = {
  '10.mended-leaves-no-trace':
    'the marker of a damaged record cannot be told from that of a create under way: it stays until the sweep after the grace',
  '10.damage-in-storage':
    'a listing tells tombstones by their size, so an instance cut to exactly its header is taken for one; S3 itself never cuts an object',
};
