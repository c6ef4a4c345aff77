// What a store's refusal means to people. The status of the answer decides, its code only chooses the words: names
// differ between stores, and an answer to HEAD has none.

import { StateStoreError } from '@workflow-state/core/backend';

/** The parts of an SDK error that are used here; all of them may be missing. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

export function sdkError(error: unknown): SdkError {
  return typeof error === 'object' && error !== null ? error : {};
}

export function statusOf(error: unknown): number | undefined {
  const { $metadata, $response } = sdkError(error);
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** `NoSuchBucket`, `SlowDown`, `ECONNRESET`. */
export function codeOf(error: unknown): string {
  const { name = '', code, Code } = sdkError(error);
  return code ?? Code ?? name;
}

/** Of the kinds of failure in which no byte of the request can have left. */
export function neverConnected(error: unknown): boolean {
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(codeOf(error));
}

/** The failure of a request as users see it, with its remedy. */
export function storeError(error: unknown, bucket: string): StateStoreError {
  const { message = '', $response } = sdkError(error);
  const status = statusOf(error);
  const code = codeOf(error);
  const [what, retryable, ...recoveryHints] = explain(
    status,
    code,
    bucket,
    $response?.headers?.['x-amz-bucket-region'],
  );
  const said = [status, code, message === code ? '' : message].filter(Boolean).join(' ');
  return new StateStoreError('STORAGE_ERROR', `s3: ${what} (${said})`, { cause: error, retryable, recoveryHints });
}

type Explanation = readonly [what: string, retryable: boolean, ...recoveryHints: string[]];

function explain(status: number | undefined, code: string, bucket: string, region: string | undefined): Explanation {
  if (/Expired|TokenRefreshRequired|InvalidToken/.test(code)) {
    return [
      'the credentials have expired',
      true,
      'let the SDK renew them: pass a credential provider instead of fixed keys',
    ];
  }
  if (/Skewed/.test(code))
    return ["this machine's clock is wrong", true, 'set the clock: the store refuses signatures of another time'];
  if (/Credentials/.test(code)) {
    return [
      'no credentials were found',
      false,
      'give the process a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    ];
  }
  if (status === 301 || status === 307 || /Malformed|WrongRegion/.test(code)) {
    return [
      `bucket ${bucket} is in another region`,
      false,
      region === undefined ? 'set region to that of the bucket' : `set region to ${region}`,
    ];
  }
  switch (status) {
    case 401:
    case 403:
      return [
        `access to bucket ${bucket} was denied`,
        false,
        'allow s3:GetObject, s3:PutObject and s3:DeleteObject on the prefix, and s3:ListBucket on the bucket',
        'without s3:ListBucket an absent object is answered as denied',
      ];
    case 404:
      return code === 'NoSuchBucket'
        ? [`there is no bucket ${bucket}`, false, 'create the bucket, or correct its name, the endpoint or the region']
        : ['the store answered 404 without naming what is missing', false, 'is the endpoint that of an S3 store?'];
    case 429:
    case 503:
      return ['the store asks to slow down', true, 'spread the load, or try again later'];
    case 501:
      return ['the store does not implement what was asked', false, 'use a store with conditional writes'];
    case undefined:
      return code === 'DeadlinePassed'
        ? ['the request was given up', true]
        : ['the store was not reached, or did not answer in time', true, 'check the endpoint and the network'];
    default:
      return ['the request failed', status >= 500 || status === 409 || status === 408];
  }
}
