// What an envelope costs to write and to read, against codecs that have neither header nor checksum.
//
// Plain objects in and out for all. msgpackr and cbor-x give byte strings back as views on their input, which is not
// isolation; cborg, "msgpackr, copies" and ours give copies. Each runs against msgpackr alone, so that neither pays for the
// garbage of a third.

import v8 from 'node:v8';
import { Encoder } from 'cbor-x';
import * as cborg from 'cborg';
import { Packr, pack, unpack } from 'msgpackr';
import { at } from '../at.js';
import { contender } from '../contenders/installed.js';
import { fromJson, toJson } from '../contenders/json.js';
import { coreSource } from '../core-source.js';
import { contest, timed } from '../contest.js';
import type { Figure, Table } from '../results.js';
import { spreadOf } from '../spread.js';
import { payloadBytes, sampleStates } from '../states.js';
import type { Group } from './group.js';

type Body = Readonly<Record<string, unknown>>;

interface Codec {
  readonly name: string;
  readonly encode: (body: Body) => Uint8Array | string;
  readonly decode: (encoded: never) => unknown;
}

interface Envelope {
  encodeCbor(value: Body, room: number): Uint8Array;
  decodeCbor(envelope: Uint8Array, from: number): unknown;
  readonly HEADER_BYTES: number;
  writeHeader(envelope: Uint8Array, facts: object): void;
  readHeader(envelope: Uint8Array): unknown;
  checkBody(envelope: Uint8Array, header: unknown): void;
}

const FACTS = {
  id: '00112233445566778899aabbccddeeff',
  kind: 'live',
  status: 'running',
  version: 7,
  nonce: '0011223344556677',
  parent: '8899aabbccddeeff',
  incarnation: '0123456789abcdef',
  first: true,
  entered: { version: 5, nonce: 'fedcba9876543210', at: 1_700_000_000_500 },
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_001_000,
};

const STATES = 8;
const REFERENCE = 'msgpackr';
/** Milliseconds of each codec before it is measured. */
const WARM = 300;
/** A batch of so many milliseconds is long, and taken in few rounds. */
const LONG = 40;
const FEW = 7;

export const CODEC: Group = {
  name: 'codec',
  title: 'The envelope beside other codecs',
  packages: ['msgpackr', 'cbor-x', 'cborg', 'devalue', 'superjson'],
  async run({ quick, progress }) {
    const codecs = await allCodecs();
    const reference = codecs.find(({ name }) => name === REFERENCE);
    if (reference === undefined) throw new Error(`${REFERENCE} is not among the codecs`);
    const tables: Table[] = [];
    for (const kib of [1, 16, 256]) {
      const states = sampleStates(STATES, kib * 1024);
      const bodies = states.map(
        ({ instanceId: _, createdAt: __, updatedAt: ___, checkpointVersion: ____, ...body }) => body,
      );
      const calls = Math.max(STATES, Math.round(256 / kib));
      const rounds = quick ? 15 : 51;
      const found: Record<'encode' | 'decode', Figure[]> = { encode: [], decode: [] };
      const sizes: Figure[] = [];
      for (const codec of codecs) {
        progress(`${kib} KB, ${codec.name}`);
        for (const direction of ['encode', 'decode'] as const) {
          const pair = codec === reference ? [codec] : [codec, reference];
          const entrants = pair.map((one) => ({ name: one.name, round: rounder(one, direction, bodies, calls) }));
          const [first] = entrants;
          // Some are a hundred times slower than others.
          const slow = first !== undefined && (await first.round()) * calls > LONG * 1000;
          if (!slow) for (const { round } of entrants) await warm(round);
          const figures = await contest(
            entrants.map((entrant) => (slow ? { ...entrant, rounds: FEW } : entrant)),
            { rounds, warmUp: 20, floor: REFERENCE },
          );
          found[direction].push(at(figures, 0));
        }
        const bytes = Buffer.byteLength(codec.encode(at(bodies, 0)));
        sizes.push({ name: codec.name, time: spreadOf([bytes / payloadBytes(at(states, 0))]) });
      }
      const table = (id: string, title: string, figures: Figure[]): Table => ({
        id: `${id}-${kib}`,
        title: `${title}, ${kib} KB`,
        unit: 'µs',
        floor: REFERENCE,
        figures,
      });
      tables.push(table('encode', 'encode', found.encode), table('decode', 'decode', found.decode));
      tables.push({ id: `size-${kib}`, title: `bytes per byte of payload, ${kib} KB`, unit: '×', figures: sizes });
    }
    return { facts: {}, tables };
  },
};

/** Until the compiler has had its time, also where others keep the processors busy. */
async function warm(round: () => Promise<number>): Promise<void> {
  for (const end = performance.now() + WARM; performance.now() < end;) await round();
}

function rounder(
  { encode, decode }: Codec,
  direction: 'encode' | 'decode',
  bodies: readonly Body[],
  calls: number,
): () => Promise<number> {
  const encoded = bodies.map((body) => {
    const made = encode(body);
    return (typeof made === 'string' ? made : Uint8Array.from(made)) as never;
  });
  return direction === 'encode'
    ? () => timed(calls, (call) => void encode(at(bodies, call % STATES)))
    : () => timed(calls, (call) => void decode(at(encoded, call % STATES)));
}

async function allCodecs(): Promise<readonly Codec[]> {
  const ours = await coreSource<Envelope>('envelope/cbor.ts', 'envelope/header.ts');
  const records = new Packr({ useRecords: true });
  const copies = new Packr({ useRecords: false, copyBuffers: true });
  const cborX = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });
  const devalue = await contender<{ stringify(value: unknown): string; parse(text: string): unknown }>('devalue');
  const superjson = await contender<{ stringify(value: unknown): string; parse(text: string): unknown }>('superjson');
  return [
    {
      name: 'workflow-state',
      encode(body) {
        const envelope = ours.encodeCbor(body, ours.HEADER_BYTES);
        ours.writeHeader(envelope, FACTS);
        return envelope;
      },
      decode(envelope: Uint8Array) {
        ours.checkBody(envelope, ours.readHeader(envelope));
        return ours.decodeCbor(envelope, ours.HEADER_BYTES);
      },
    },
    { name: REFERENCE, encode: pack, decode: unpack },
    { name: 'msgpackr, copies', encode: (body) => copies.pack(body), decode: (bytes) => copies.unpack(bytes) },
    { name: 'msgpackr, records', encode: (body) => records.pack(body), decode: (bytes) => records.unpack(bytes) },
    { name: 'cbor-x', encode: (body) => cborX.encode(body), decode: (bytes) => cborX.decode(bytes) },
    { name: 'cborg', encode: (body) => cborg.encode(body), decode: (bytes) => cborg.decode(bytes) },
    { name: 'v8.serialize', encode: (body) => v8.serialize(body), decode: (bytes) => v8.deserialize(bytes) },
    { name: 'JSON, base64', encode: toJson, decode: fromJson },
    { name: 'devalue', encode: (body) => devalue.stringify(body), decode: (text) => devalue.parse(text) },
    { name: 'superjson', encode: (body) => superjson.stringify(body), decode: (text) => superjson.parse(text) },
  ];
}
