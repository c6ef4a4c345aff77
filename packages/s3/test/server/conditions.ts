// Whether a request may take effect. Called in the same synchronous step that applies it, so of any number of racing
// writers exactly one finds its condition true.
import type { StoredObject } from './bucket.js';
import { S3Error } from './errors.js';
import type { Profile } from './profile.js';
import type { Headers } from './request.js';

export function checkPut(profile: Profile, current: StoredObject | undefined, key: string, headers: Headers): void {
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  if (profile.conditionalPut === 'refused') throw new S3Error('NotImplemented');
  if (profile.conditionalPut === 'ignored') return;

  const unusual = ifMatch === '*' || (ifNoneMatch !== undefined && (ifNoneMatch !== '*' || ifMatch !== undefined));
  if (unusual && profile.unusualConditions === 'refused') throw new S3Error('NotImplemented');

  const equals = (tag: string): boolean => (profile.etagOnPut === 'bare' ? tag : withoutQuotes(tag)) === current?.etag;
  if (ifMatch !== undefined) {
    if (current === undefined) {
      if (profile.ifMatchOnMissingKey === 404) throw new S3Error('NoSuchKey', { Key: key });
      if (profile.ifMatchOnMissingKey === 412) throw failed('If-Match');
    } else if (ifMatch !== '*' && !equals(ifMatch)) {
      throw failed('If-Match');
    }
  }
  if (ifNoneMatch === undefined) return;
  if (current === undefined) {
    if (ifNoneMatch !== '*' && profile.ifNoneMatchEtagOnMissingKey === 412) throw failed('If-None-Match');
  } else if (ifNoneMatch === '*' || equals(ifNoneMatch)) {
    throw failed('If-None-Match');
  }
}

export function checkDelete(
  profile: Profile,
  current: StoredObject | undefined,
  key: string,
  ifMatch: string | undefined,
): void {
  if (ifMatch === undefined || profile.conditionalDelete === 'ignored') return;
  if (profile.conditionalDelete === 'refused') throw new S3Error('NotImplemented');
  if (current === undefined) throw new S3Error('NoSuchKey', { Key: key });
  if (ifMatch !== '*' && withoutQuotes(ifMatch) !== current.etag) throw failed('If-Match');
}

/** Of GET and HEAD, where every store takes both forms of an ETag. */
export function checkRead(current: StoredObject, headers: Headers): 'changed' | 'not modified' {
  const matches = (tag: string | undefined): boolean => tag === '*' || withoutQuotes(tag ?? '') === current.etag;
  if (headers['if-match'] !== undefined && !matches(headers['if-match'])) throw failed('If-Match');
  return matches(headers['if-none-match']) ? 'not modified' : 'changed';
}

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { Condition: condition });
}

function withoutQuotes(tag: string): string {
  return tag.replace(/^"(.*)"$/, '$1');
}
