// From HTTP to an operation of S3, path style: which one it is, on which key, and the bytes that were meant.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Error } from './errors.js';

export type Operation = 'GetObject' | 'HeadObject' | 'PutObject' | 'DeleteObject' | 'DeleteObjects' | 'ListObjectsV2';

export type Headers = Readonly<Record<string, string>>;

export interface S3Request {
  readonly method: string;
  /** Nothing for requests that this server does not know; they are answered 501. */
  readonly operation: Operation | undefined;
  readonly bucket: string;
  /** Empty for DeleteObjects and ListObjectsV2. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Headers;
  /** As it came over the wire: equal for a resend of the same bytes. */
  readonly rawBody: Buffer;
}

/** Nothing when the client has gone before its request was complete. */
export async function receiveRequest(message: IncomingMessage): Promise<S3Request | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return parseRequest(message, Buffer.concat(chunks));
}

function parseRequest(message: IncomingMessage, rawBody: Buffer): S3Request {
  const method = message.method ?? '';
  const [path = '', search] = (message.url ?? '').split('?');
  const [, bucket = '', ...rest] = path.split('/');
  const key = decodeURIComponent(rest.join('/'));
  const query = new Map(new URLSearchParams(search));
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
  return { method, operation: operationOf(method, key, query, headers), bucket, key, query, headers, rawBody };
}

function operationOf(
  method: string,
  key: string,
  query: ReadonlyMap<string, string>,
  headers: Headers,
): Operation | undefined {
  const parameters = [...query.keys()].filter((name) => name !== 'x-id');
  if (key === '') {
    if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
    if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
    return undefined;
  }
  // subresources (?acl, ?uploadId, …), copies and ranges but the first bytes are other operations
  const range = headers['range'];
  if (parameters.length > 0 || headers['x-amz-copy-source'] !== undefined) return undefined;
  if (range !== undefined && !(method === 'GET' && /^bytes=0-\d+$/.test(range))) return undefined;
  switch (method) {
    case 'GET':
      return 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      return 'PutObject';
    case 'DELETE':
      return 'DeleteObject';
    default:
      return undefined;
  }
}

/** The region that the request was signed for. */
export function signedRegion(request: S3Request): string | undefined {
  return /Credential=[^/]+\/\d+\/([^/]+)\/s3\//.exec(request.headers['authorization'] ?? '')?.[1];
}

export interface Content {
  readonly bytes: Buffer;
  /** The checksum headers that the client sent with it, as a header or behind the body. */
  readonly checksums: Headers;
}

/** The body without its framing, all checksums that came with it verified. */
export function contentOf(request: S3Request): Content {
  const { headers, rawBody } = request;
  const framed = (headers['content-encoding'] ?? '').split(/\s*,\s*/).includes('aws-chunked');
  const { bytes, trailer } = framed ? unchunk(rawBody) : { bytes: rawBody, trailer: {} };

  const declared = headers['x-amz-decoded-content-length'];
  if (declared !== undefined && Number(declared) !== bytes.length) throw new S3Error('IncompleteBody');
  const hash = (name: string, of: Buffer, encoding: 'hex' | 'base64'): string =>
    createHash(name).update(of).digest(encoding);
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== hash('md5', bytes, 'base64')) throw new S3Error('BadDigest');
  const signed = headers['x-amz-content-sha256'] ?? '';
  if (/^[0-9a-f]{64}$/.test(signed) && signed !== hash('sha256', rawBody, 'hex')) throw new S3Error('BadDigest');

  const all = Object.entries({ ...headers, ...trailer });
  const checksums = Object.fromEntries(all.filter(([name]) => /^x-amz-checksum-(crc32|sha1|sha256)$/.test(name)));
  for (const [name, value] of Object.entries(checksums)) {
    const algorithm = name.slice('x-amz-checksum-'.length);
    const actual = algorithm === 'crc32' ? crc32Base64(bytes) : hash(algorithm, bytes, 'base64');
    if (value !== actual) throw new S3Error('BadDigest');
  }
  return { bytes, checksums };
}

function crc32Base64(bytes: Buffer): string {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32(bytes));
  return four.toString('base64');
}

/** `<hex size>[;extension]\r\n<bytes>\r\n` … `0\r\n`, then trailing headers. */
function unchunk(raw: Buffer): { bytes: Buffer; trailer: Headers } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.toString('latin1', at, Math.max(at, end)), 16);
    if (end < 0 || Number.isNaN(size)) throw new S3Error('IncompleteBody');
    at = end + 2;
    if (size === 0) break;
    if (at + size + 2 > raw.length) throw new S3Error('IncompleteBody');
    chunks.push(raw.subarray(at, at + size));
    at += size + 2;
  }
  const lines = raw.toString('latin1', at).split('\r\n').filter(Boolean);
  const trailer = lines
    .map((line) => /^([^:]+):\s*(.*)$/.exec(line))
    .map((match) => [match?.[1] ?? '', match?.[2] ?? '']);
  return { bytes: Buffer.concat(chunks), trailer: Object.fromEntries(trailer) };
}
