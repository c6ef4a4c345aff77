// The whole effect of one request on the bucket, in one synchronous step.
import { createHash } from 'node:crypto';
import type { Bucket, StoredObject } from './bucket.js';
import { checkDelete, checkPut, checkRead } from './conditions.js';
import { S3Error, type ErrorCode } from './errors.js';
import { listPage } from './listing.js';
import type { Profile } from './profile.js';
import { contentOf, signedRegion, type Headers, type S3Request } from './request.js';
import { contentsOf, document, element, unescapeXml } from './xml.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer | string;
}

export interface ServerState {
  readonly bucket: Bucket;
  readonly profile: Profile;
  readonly clock: () => number;
  /** Requests signed for another one are redirected. */
  readonly region: string;
  readonly pageSize: number;
}

/** Keys of a DeleteObjects request that are to fail, and how. */
export type PartialFailure = (key: string) => ErrorCode | undefined;

/** Applies the request and says what to answer, also when that is an error. */
export function apply(state: ServerState, request: S3Request, partial: PartialFailure = () => undefined): Answer {
  try {
    return applyOrThrow(state, request, partial);
  } catch (error) {
    if (error instanceof S3Error) return errorAnswer(error);
    throw error;
  }
}

export function errorAnswer(error: S3Error): Answer {
  const details = Object.entries(error.details).map(([name, text]) => element(name, text));
  const content = `${element('Code', error.code)}${element('Message', error.message)}${details.join('')}`;
  const region: Headers =
    error.code === 'PermanentRedirect' ? { 'x-amz-bucket-region': error.details['Region'] ?? '' } : {};
  return { ...xml(`<?xml version="1.0" encoding="UTF-8"?>\n<Error>${content}</Error>`, region), status: error.status };
}

function applyOrThrow(state: ServerState, request: S3Request, partial: PartialFailure): Answer {
  const { bucket, profile } = state;
  const { operation, key, headers } = request;
  if (operation === undefined) throw new S3Error('NotImplemented');
  if (request.bucket !== bucket.name) throw new S3Error('NoSuchBucket', { BucketName: request.bucket });
  if ((signedRegion(request) ?? state.region) !== state.region) {
    throw new S3Error('PermanentRedirect', { Bucket: bucket.name, Region: state.region });
  }
  if (Buffer.byteLength(key) > 1024) throw new S3Error('KeyTooLongError');

  switch (operation) {
    case 'PutObject':
      return put(state, request);
    case 'GetObject':
    case 'HeadObject':
      return read(bucket, key, headers);
    case 'DeleteObject':
      checkDelete(profile, bucket.get(key), key, headers['if-match']);
      bucket.delete(key);
      return { status: 204, headers: {}, body: '' };
    case 'DeleteObjects':
      return xml(deleteMany(state, request, partial));
    case 'ListObjectsV2':
      return xml(listPage(bucket, profile, request.query, state.pageSize));
    default:
      return operation satisfies never;
  }
}

function put({ bucket, profile, clock }: ServerState, request: S3Request): Answer {
  const { key, headers } = request;
  if (headers['transfer-encoding'] === 'chunked' && profile.chunkedBodies === 'refused') {
    throw new S3Error('MissingContentLength');
  }
  const { bytes, checksums } = contentOf(request);
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  const size = metadata.reduce((sum, [name, text]) => sum + name.length - 'x-amz-meta-'.length + text.length, 0);
  if (size > profile.metadataLimit) throw new S3Error('MetadataTooLarge');

  checkPut(profile, bucket.get(key), key, headers);
  const kept = Object.entries(headers).filter(([name]) => name === 'content-type' || name === 'cache-control');
  const object: StoredObject = {
    body: bytes,
    etag: createHash('md5').update(bytes).digest('hex'),
    lastModified: clock(),
    headers: { ...Object.fromEntries([...kept, ...metadata]), ...checksums },
  };
  bucket.put(key, object);
  return { status: 200, headers: { etag: `"${object.etag}"`, ...checksums }, body: '' };
}

function read(bucket: Bucket, key: string, headers: Headers): Answer {
  const object = bucket.get(key);
  if (object === undefined) throw new S3Error('NoSuchKey', { Key: key });
  const unchanged = checkRead(object, headers) === 'not modified';
  // the checksum is that of the whole body: with less of it, or none, the SDK would report damage
  const whole = !unchanged && headers['range'] === undefined;
  const wanted = headers['x-amz-checksum-mode'] === 'ENABLED' && whole;
  const kept = Object.entries(object.headers).filter(([name]) => wanted || !name.startsWith('x-amz-checksum-'));
  const answered = {
    ...Object.fromEntries(kept),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.lastModified).toUTCString(),
  };
  if (unchanged) return { status: 304, headers: answered, body: '' };
  if (headers['range'] !== undefined) {
    const body = object.body.subarray(0, Number(headers['range'].slice('bytes=0-'.length)) + 1);
    if (body.length === 0) throw new S3Error('InvalidRange');
    const range = `bytes 0-${body.length - 1}/${object.body.length}`;
    return { status: 206, headers: { ...answered, 'content-range': range }, body };
  }
  return { status: 200, headers: answered, body: object.body };
}

function deleteMany({ bucket, profile }: ServerState, request: S3Request, partial: PartialFailure): string {
  const { bytes, checksums } = contentOf(request);
  if (request.headers['content-md5'] === undefined && Object.keys(checksums).length === 0) {
    throw new S3Error('InvalidRequest');
  }
  const body = bytes.toString();
  const text = (xmlText: string | undefined): string | undefined => xmlText && unescapeXml(xmlText);
  const objects = contentsOf(body, 'Object').map((object) => ({
    key: text(contentsOf(object, 'Key')[0]) ?? '',
    etag: text(contentsOf(object, 'ETag')[0]),
  }));
  if (objects.length === 0 || objects.length > 1000) throw new S3Error('MalformedXML');

  const quiet = contentsOf(body, 'Quiet')[0] === 'true';
  const results = objects.map(({ key, etag }) => {
    try {
      const failure = partial(key);
      if (failure !== undefined) throw new S3Error(failure);
      checkDelete(profile, bucket.get(key), key, etag);
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      return `<Error>${element('Key', key)}${element('Code', error.code)}${element('Message', error.message)}</Error>`;
    }
    bucket.delete(key);
    return quiet ? '' : `<Deleted>${element('Key', key)}</Deleted>`;
  });
  return document('DeleteResult', results.join(''));
}

function xml(body: string, headers: Headers = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}
