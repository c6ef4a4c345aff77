// Workflow state in a bucket: one object per instance, replaced by conditional writes. See keys.ts for what is stored,
// conditional-put.ts for how it is written, and the README for what it costs.

import { GetObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import {
  type BackendCall,
  type BackendCapabilities,
  HEADER_BYTES,
  type InstanceId,
  type StateBackend,
  StateStoreError,
  type Stored,
} from '@workflow-state/core/backend';
import { Bucket } from './bucket.js';
import { look, type Place, writeRecord } from './conditional-put.js';
import { Operation } from './deadline.js';
import { keysUnder } from './keys.js';
import type { Abilities } from './probe.js';
import { storeError } from './s3-errors.js';
import { scan } from './scan.js';
import type { SweepOptions } from './sweep.js';

export interface S3BackendOptions {
  /** A general-purpose bucket that exists. */
  readonly bucket: string;
  /** Names in front of everything that is stored, such as `team/workflows`. Default: none. */
  readonly prefix?: string | undefined;
  /**
   * A client of your own: any v3 `S3Client`, with whatever credentials, endpoint and agents. It is not closed with the
   * store. Its retries are not used: they would hide the outcome of a conditional write. Default: one is made of
   * `region`, `endpoint` and `forcePathStyle`, with the SDK's credential chain.
   */
  readonly client?: S3Client | undefined;
  /** Default: as the SDK finds it, in `AWS_REGION` or the shared configuration. */
  readonly region?: string | undefined;
  /** Of a compatible store: `http://127.0.0.1:7480`. Default: AWS, or as the SDK finds it in `AWS_ENDPOINT_URL_S3`. */
  readonly endpoint?: string | undefined;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. Default: true where an `endpoint` is given. */
  readonly forcePathStyle?: boolean | undefined;
  /** Milliseconds after which one attempt of one request counts as lost, its body included. Default: 10 000. */
  readonly requestTimeout?: number | undefined;
  /**
   * What `cleanup` does with tombstones past their grace on a store that ignores conditions on DELETE (Ceph before 20,
   * MinIO, R2). `keep`, the default: nothing. `condemn`: removes each with two requests and a look.
   */
  readonly reclaim?: 'keep' | 'condemn' | undefined;
}

/** Known, so a cold start there neither asks nor loads what would ask. */
const AWS: Abilities = { quotedEtag: true, conditionalDelete: true, ifMatchNeedsObject: true };
const AWS_HOST = /(?:^|\.)amazonaws\.com(?:\.cn)?$/;

/**
 * @throws `INVALID_ARGUMENT` for an option. Nothing is sent before `open`, and by `open` on AWS neither.
 */
export function s3Backend(options: S3BackendOptions): StateBackend {
  const { bucket: name, prefix = '', requestTimeout = 10_000, reclaim = 'keep' } = checked(options);
  const keys = keysUnder(prefix);
  const client = options.client ?? clientOf(options);
  const bucket = new Bucket(client, name, requestTimeout);
  const place: Place = { bucket, keys };
  let tombstones: SweepOptions['reclaim'] = 'keep';
  let opening: Promise<void> | undefined;

  async function open(call: BackendCall): Promise<void> {
    const host = await hostOf(client, name).catch((error: unknown) => {
      throw storeError(error, name);
    });
    const isAws = host === undefined || AWS_HOST.test(host);
    const abilities = isAws ? AWS : await (await import('./probe.js')).abilitiesOf(bucket, keys, call);
    bucket.quoted = abilities.quotedEtag;
    // Where a write on a missing object is carried out, a delayed one would revive what was removed.
    if (abilities.ifMatchNeedsObject) tombstones = abilities.conditionalDelete ? 'conditional' : reclaim;
  }

  async function stored(id: InstanceId, call: BackendCall, length?: number): Promise<Stored | undefined> {
    const found = await look(place, id, new Operation(call.signal), length);
    return found && { envelope: found.bytes, ...(found.etag !== undefined && { hint: found.etag }) };
  }

  return {
    name: 's3',
    /** `reclaims` is known once the store was opened. */
    get capabilities(): BackendCapabilities {
      return Object.freeze({
        durability: 'power-loss',
        sharing: 'network',
        reads: 'latest',
        reclaims: tombstones !== 'keep',
        maxBodyBytes: Infinity,
      });
    },
    async open(call) {
      opening ??= open(call);
      await opening.catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
    },
    read: (id, call) => stored(id, call),
    head: (id, call) => stored(id, call, HEADER_BYTES),
    write: (record, expected, call) => writeRecord(place, record, expected, call),
    scan: (query, call) => scan(place, query, call),
    // Loaded when they are called for: what runs an order needs none of them.
    async sweep(olderThan, call) {
      return (await import('./sweep.js')).sweep(place, olderThan, { reclaim: tombstones }, call);
    },
    async *verify(call) {
      yield* (await import('./verify.js')).verify(place, call);
    },
    async *diagnose(call) {
      yield* (await import('./diagnose.js')).diagnose(place, { reclaim }, call);
    },
    async close() {
      if (options.client === undefined) client.destroy();
    },
  };
}

function checked(options: S3BackendOptions): S3BackendOptions {
  const { bucket, client, region, endpoint, forcePathStyle, requestTimeout, reclaim } = options ?? {};
  if (typeof bucket !== 'string' || bucket === '') throw invalid('bucket: expected the name of a bucket');
  if (bucket.endsWith('--x-s3')) {
    throw new StateStoreError(
      'NOT_SUPPORTED',
      `bucket: ${bucket} is a directory bucket, whose listings have no order`,
      {
        recoveryHints: ['use a general-purpose bucket'],
      },
    );
  }
  if (client !== undefined && (region ?? endpoint ?? forcePathStyle) !== undefined) {
    throw invalid('client: it has a region, an endpoint and a path style of its own; pass either it or them');
  }
  if (requestTimeout !== undefined && !(requestTimeout >= 1 && requestTimeout <= 600_000)) {
    throw invalid('requestTimeout: expected milliseconds from 1 to 600000');
  }
  if (reclaim !== undefined && reclaim !== 'keep' && reclaim !== 'condemn')
    throw invalid("reclaim: expected 'keep' or 'condemn'");
  return options;
}

function invalid(message: string): StateStoreError {
  return new StateStoreError('INVALID_ARGUMENT', message);
}

function clientOf({ region, endpoint, forcePathStyle = endpoint !== undefined }: S3BackendOptions): S3Client {
  const config: S3ClientConfig = {
    forcePathStyle,
    // Compatible stores refuse or mangle the checksums that AWS alone asks for; an envelope has its own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3000 },
  };
  if (region !== undefined) config.region = region;
  if (endpoint !== undefined) config.endpoint = endpoint;
  return new S3Client(config);
}

/** Where the client would send a request, by whatever configuration. Credentials are looked for; nothing is sent. */
async function hostOf(client: S3Client, bucket: string): Promise<string | undefined> {
  const command = new GetObjectCommand({ Bucket: bucket, Key: 'x' });
  let host: string | undefined;
  command.middlewareStack.add(
    () =>
      async ({ request }) => {
        host = (request as { readonly hostname?: string }).hostname;
        return { response: undefined, output: { $metadata: {} } };
      },
    { step: 'build', priority: 'high', name: 'workflowStateHost' },
  );
  await command.resolveMiddleware(client.middlewareStack, client.config, {})(command);
  return host;
}
