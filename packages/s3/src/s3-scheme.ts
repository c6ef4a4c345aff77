// `s3://bucket/prefix?region=…&endpoint=…` in a store URL. Credentials come from the SDK's chain and nowhere else: a URL
// ends up in logs.

import { openStateStore, readParameters, StateStoreError, type StoreScheme } from '@workflow-state/core';
import { s3Backend, type S3BackendOptions } from './s3-backend.js';

type Parameters = {
  readonly region: string;
  readonly endpoint: string;
  readonly forcePathStyle: boolean;
  readonly requestTimeout: number;
  readonly reclaim: 'keep' | 'condemn';
};

export const s3Scheme: StoreScheme = {
  scheme: 's3',
  async open(url, { options }) {
    const [, bucket = '', prefix = ''] = /^\/\/([^/]*)\/?(.*)$/.exec(url.location) ?? [];
    const secret = [...url.parameters.keys()].some((name) => /key|secret|token|credential|password/i.test(name));
    if (secret || bucket.includes('@') || /\/\/[^/]*@/.test(url.parameters.get('endpoint') ?? '')) {
      throw invalid('holds credentials', 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the process a role');
    }
    if (bucket === '') throw invalid('names no bucket', 'write s3://bucket/prefix?region=…');
    const read: Partial<Parameters> = readParameters<Parameters>(url, {
      region: (text) => text,
      endpoint: (text) => text,
      forcePathStyle: (text) => text === 'true' || (text !== 'false' && refuse('forcePathStyle', 'true or false')),
      requestTimeout: (text) => (/^\d+$/.test(text) ? Number(text) : refuse('requestTimeout', 'milliseconds')),
      reclaim: (text) => (text === 'keep' || text === 'condemn' ? text : refuse('reclaim', 'keep or condemn')),
    });
    const backend: S3BackendOptions = { ...read, bucket, prefix: decodeURIComponent(prefix) };
    return openStateStore(s3Backend(backend), options);
  },
};

function refuse(parameter: string, expected: string): never {
  throw invalid(`has another ${parameter} than ${expected}`);
}

function invalid(what: string, ...recoveryHints: string[]): StateStoreError {
  return new StateStoreError('INVALID_ARGUMENT', `an s3: URL ${what}`, { recoveryHints });
}
