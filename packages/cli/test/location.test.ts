import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shownLocation } from '../src/location.js';

describe('the location that is shown', () => {
  it.each([
    ['file:./state', `file:${resolve('state')}`],
    ['file:///var/lib/a%20b', 'file:/var/lib/a b'],
    ['FILE:/var/lib/x?durability=process', 'file:/var/lib/x?durability=process'],
    ['lru+file:./state?lru.max=10', `lru+file:${resolve('state')}?lru.max=10`],
    ['s3://bucket/prefix?region=eu-west-1', 's3://bucket/prefix?region=eu-west-1'],
    ['memory:', 'memory:'],
    ['no url', 'not a URL'],
    ['file:%zz', 'file:%zz'],
  ])('of %s is %s', (url, shown) => {
    expect(shownLocation(url)).toBe(shown);
  });

  it.each([
    's3://key:hunter2@bucket/prefix',
    's3://bucket?secretAccessKey=hunter2',
    's3://bucket?endpoint=https://me:hunter2@host:9000',
    'pg://me:hunter2@host/db?sslpassword=hunter2&auth_token=hunter2',
  ])('of %s holds no secret', (url) => {
    expect(shownLocation(url)).not.toContain('hunter2');
  });
});
