// ListObjectsV2: one page of a bucket, ascending, with a token for the next.
import type { Bucket } from './bucket.js';
import { S3Error } from './errors.js';
import type { Profile } from './profile.js';
import { document, element } from './xml.js';

export function listPage(
  bucket: Bucket,
  profile: Profile,
  query: ReadonlyMap<string, string>,
  pageSize: number,
): string {
  if (query.has('delimiter')) throw new S3Error('NotImplemented');
  const prefix = query.get('prefix') ?? '';
  const startAfter = query.get('start-after');
  const token = query.get('continuation-token');
  const asked = Number(query.get('max-keys') ?? 1000);
  if (!Number.isInteger(asked) || asked < 0) throw new S3Error('InvalidArgument');
  const limit = Math.min(asked, 1000, pageSize);

  const keys: string[] = [];
  let isTruncated = false;
  for (const key of bucket.keysAfter(token === undefined ? (startAfter ?? '') : keyOfToken(token), prefix)) {
    isTruncated = keys.length === limit && limit > 0;
    if (keys.length === limit) break;
    keys.push(key);
  }

  const urlEncoded = query.get('encoding-type') === 'url';
  const name = (tag: string, text: string | undefined): string =>
    element(tag, text === undefined || !urlEncoded ? text : encodeForUrl(text));
  const contents = keys.map((key) => {
    const object = bucket.get(key);
    if (object === undefined) throw new Error(`${key} is listed but not stored`);
    const time = new Date(object.lastModified).toISOString();
    const lastModified = profile.listedTimes === 'seconds' ? time.replace(/\.\d+Z$/, '.000Z') : time;
    return `<Contents>${name('Key', key)}${element('LastModified', lastModified)}${element('ETag', `"${object.etag}"`)}${element('Size', object.body.length)}<StorageClass>STANDARD</StorageClass></Contents>`;
  });
  const head = [
    element('Name', bucket.name),
    name('Prefix', prefix),
    name('StartAfter', startAfter),
    element('ContinuationToken', token),
    isTruncated ? element('NextContinuationToken', tokenOf(keys.at(-1) ?? '')) : '',
    element('KeyCount', keys.length),
    element('MaxKeys', Math.min(asked, 1000)),
    urlEncoded ? element('EncodingType', 'url') : '',
    element('IsTruncated', isTruncated),
  ];
  return document('ListBucketResult', [...head, ...contents].join(''));
}

// Opaque, and unlike any key: who takes a token for a key, or a key for a token, is found out.
function tokenOf(key: string): string {
  return `1${Buffer.from(key).toString('base64')}`;
}

function keyOfToken(token: string): string {
  const key = Buffer.from(token.slice(1), 'base64').toString();
  if (tokenOf(key) !== token) throw new S3Error('InvalidArgument');
  return key;
}

/** As a form would: "a file(3).png" becomes "a+file%283%29.png"; slashes stay. */
function encodeForUrl(text: string): string {
  const plus = encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%2F', '/');
  return plus.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
