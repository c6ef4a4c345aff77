// What a test sees of the bucket behind the store's back.
import { createHash } from 'node:crypto';
import { type EnvelopeHeader, HEADER_BYTES, readHeader } from '@workflow-state/core/backend';
import {
  newWorkflowState,
  openStateStore,
  type StateStore,
  type StateStoreOptions,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { expect } from 'vitest';
import { s3Backend, type S3BackendOptions } from '../src/index.js';
import { keysUnder } from '../src/keys.js';
import { connect } from './server/connect.js';
import type { S3Server } from './server/s3-server.js';

export const bucket = 'test-bucket';
export const keys = keysUnder('');
export const DAY = 86_400_000;

export const run = (over: Partial<Parameters<typeof newWorkflowState>[0]> = {}): WorkflowStateInput =>
  newWorkflowState({ workflowId: 'order', version: { major: 1, minor: 0, patch: 0 }, currentStage: 'pay', ...over });

/** A store on the server, whose requests carry the name of an actor. */
export async function storeOn(
  server: S3Server,
  actor?: string,
  options: Partial<S3BackendOptions> & { readonly store?: StateStoreOptions } = {},
): Promise<StateStore> {
  const { store, ...backend } = options;
  const client = connect(server, actor === undefined ? {} : { actor });
  return openStateStore(s3Backend({ bucket, client, requestTimeout: 5000, ...backend }), store);
}

/** The headers of all objects, tombstones included, by id. */
export function stored(server: S3Server): Map<string, EnvelopeHeader> {
  const headers = new Map<string, EnvelopeHeader>();
  for (const key of server.bucket.keys(keys.instances)) {
    headers.set(key.slice(keys.instances.length), readHeader(server.bucket.get(key)?.body ?? new Uint8Array()));
  }
  return headers;
}

export function markers(server: S3Server): string[] {
  return server.bucket.keys('status/');
}

/** The marker that a live object names. */
export function markerNamed(header: EnvelopeHeader): string {
  const { id, status, entered } = header;
  if (status === undefined || entered === undefined) throw new Error('a tombstone names no marker');
  return keys.marker(id as never, status, entered);
}

/** I1: at every moment, the marker of every live object is there. */
export function expectIndexed(server: S3Server): void {
  for (const header of stored(server).values()) {
    if (header.kind === 'live') expect(server.bucket.keys()).toContain(markerNamed(header));
  }
}

/** I8: nothing but the markers of live objects. */
export function expectNoStaleMarkers(server: S3Server): void {
  const named = [...stored(server).values()].filter(({ kind }) => kind === 'live').map(markerNamed);
  expect(markers(server)).toEqual(named.sort());
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Makes everything that is stored older than any grace. */
export function age(server: S3Server, by: number = 30 * DAY, which: (key: string) => boolean = () => true): void {
  for (const key of server.bucket.keys().filter(which)) {
    const object = server.bucket.get(key);
    if (object !== undefined) server.bucket.put(key, { ...object, lastModified: object.lastModified - by });
  }
}

export function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export const TOMBSTONE = HEADER_BYTES;
