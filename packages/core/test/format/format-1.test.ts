// Any state written by any released version stays readable. The files are the promise: they are never written again.
// A new one is made by adding an entry to states.ts and running this test once with WRITE_FIXTURES=1.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeHeader, decodeState, encodeBody, encodeRecord, stateOf } from '../../src/state-codec.js';
import { type Fixture, fixtures } from './states.js';

const directory = new URL('format-1/', import.meta.url);
const encode = ({ write, body }: Fixture): Uint8Array => encodeRecord(write, body && encodeBody(body)).envelope;

describe('format 1', () => {
  it.each(Object.entries(fixtures))('%s is read as it was written', (name, fixture) => {
    const file = new URL(`${name}.bin`, directory);
    if (process.env['WRITE_FIXTURES'] === '1' && !existsSync(file)) writeFileSync(file, encode(fixture));
    const stored = { envelope: new Uint8Array(readFileSync(file)) };
    const { write, body } = fixture;
    expect(decodeState(write.id, stored)).toEqual(body && stateOf(write, body));
    expect(decodeHeader(write.id, stored).revision).toEqual(write.revision);
    expect(decodeHeader(write.id, stored).header.parent).toBe(write.parent);
  });

  it.each(Object.entries(fixtures))('%s is still written to the same bytes', (name, fixture) => {
    expect(encode(fixture)).toEqual(new Uint8Array(readFileSync(new URL(`${name}.bin`, directory))));
  });

  it('has an entry for each file', () => {
    expect(readdirSync(directory).sort()).toEqual(
      Object.keys(fixtures)
        .map((name) => `${name}.bin`)
        .sort(),
    );
  });
});
