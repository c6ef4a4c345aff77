// How stores that speak S3 differ where a writer that relies on conditions can be hurt. `ceph16` was measured on
// Ceph 16.2.15; `aws` follows the documentation and published measurements; the MinIO ones its source and issues
// (minio/minio#21526, #21677).

export interface Profile {
  /** `If-Match` and `If-None-Match` on a PUT: obeyed, without effect (200 as if they were absent), or answered 501. */
  readonly conditionalPut: 'honoured' | 'ignored' | 'refused';
  /** The same of `If-Match` on a DELETE and of an ETag per key in DeleteObjects. */
  readonly conditionalDelete: 'honoured' | 'ignored' | 'refused';
  /** Ceph before 20 compares the header as it stands: an ETag in quotes never matches. */
  readonly etagOnPut: 'quoted or bare' | 'bare';
  /** PUT with `If-Match` where no object is. */
  readonly ifMatchOnMissingKey: 404 | 412 | 'written';
  /** PUT with `If-None-Match: <etag>`, `If-Match: *` or both headers: 501 as on AWS, or evaluated. */
  readonly unusualConditions: 'refused' | 'evaluated';
  /** PUT with `If-None-Match: <etag>` where no object is: the condition holds, or so Ceph sees it, fails. */
  readonly ifNoneMatchEtagOnMissingKey: 'written' | 412;
  /** Bodies sent with `Transfer-Encoding: chunked`, as the SDK does for streams; else 411. */
  readonly chunkedBodies: 'accepted' | 'refused';
  /** `LastModified` in listings; as a header it has whole seconds everywhere. */
  readonly listedTimes: 'seconds' | 'milliseconds';
  /** Of names and values together, in bytes. */
  readonly metadataLimit: number;
}

export type ProfileName = 'aws' | 'ceph16' | 'minio' | 'minio-before-2025-08' | 'ignore' | '501';

const aws: Profile = {
  conditionalPut: 'honoured',
  conditionalDelete: 'honoured',
  etagOnPut: 'quoted or bare',
  ifMatchOnMissingKey: 404,
  unusualConditions: 'refused',
  ifNoneMatchEtagOnMissingKey: 'written',
  chunkedBodies: 'accepted',
  listedTimes: 'seconds',
  metadataLimit: 2048,
};

const minio: Profile = {
  ...aws,
  conditionalDelete: 'ignored',
  unusualConditions: 'evaluated',
  listedTimes: 'milliseconds',
};

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  aws,
  ceph16: {
    ...aws,
    conditionalDelete: 'ignored',
    etagOnPut: 'bare',
    ifMatchOnMissingKey: 412,
    unusualConditions: 'evaluated',
    ifNoneMatchEtagOnMissingKey: 412,
    chunkedBodies: 'refused',
    listedTimes: 'milliseconds',
    metadataLimit: Number.POSITIVE_INFINITY,
  },
  minio,
  'minio-before-2025-08': { ...minio, ifMatchOnMissingKey: 'written' },
  ignore: { ...aws, conditionalPut: 'ignored', conditionalDelete: 'ignored' },
  '501': { ...aws, conditionalPut: 'refused', conditionalDelete: 'refused' },
};
