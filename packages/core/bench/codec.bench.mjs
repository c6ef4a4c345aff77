// What an envelope costs to write and to read, against the fast codecs of the ecosystem, which have neither header nor
// checksum.
//
//   pnpm build && node bench/codec.bench.mjs [rounds]
//
// Each codec runs against msgpackr in pairs of rounds, in random order, so that a busy machine disturbs both alike and
// neither pays for the garbage of a third. Figures are medians over the rounds; a ratio is to the msgpackr of the pairs.
//
// Plain objects in and out for all. msgpackr and cbor-x give byte strings back as views on their input, which is not
// isolation; cborg, "msgpackr copies" and ours as copies. "msgpackr records" is its own format for repeated shapes.

import v8 from 'node:v8';
import { Encoder } from 'cbor-x';
import * as cborg from 'cborg';
import { Packr, pack, unpack } from 'msgpackr';
import { decodeCbor, encodeCbor } from '../dist/envelope/cbor.js';
import { checkBody, HEADER_BYTES, readHeader, writeHeader } from '../dist/envelope/header.js';

const ROUNDS = Number(process.argv[2] ?? 300);
const STATES = 8;

const records = new Packr({ useRecords: true });
const copies = new Packr({ useRecords: false, copyBuffers: true });
const cborX = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });

const facts = {
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

const codecs = {
  'workflow-state': {
    encode(value) {
      const envelope = encodeCbor(value, HEADER_BYTES);
      writeHeader(envelope, facts);
      return envelope;
    },
    decode(envelope) {
      checkBody(envelope, readHeader(envelope));
      return decodeCbor(envelope, HEADER_BYTES);
    },
  },
  'workflow-state body only': { encode: (value) => encodeCbor(value), decode: (bytes) => decodeCbor(bytes) },
  msgpackr: { encode: pack, decode: unpack },
  'msgpackr records': { encode: (value) => records.pack(value), decode: (bytes) => records.unpack(bytes) },
  'msgpackr copies': { encode: (value) => copies.pack(value), decode: (bytes) => copies.unpack(bytes) },
  'cbor-x': { encode: (value) => cborX.encode(value), decode: (bytes) => cborX.decode(bytes) },
  cborg: { encode: cborg.encode, decode: cborg.decode },
  'v8.serialize': { encode: v8.serialize, decode: v8.deserialize },
};

for (const kib of [1, 16, 256]) {
  const states = Array.from({ length: STATES }, (_, seed) => makeState(kib * 1024, seed));
  const payload = payloadOf(states[0]);
  const calls = Math.max(STATES, Math.round(512 / kib));
  console.log(`\n${kib} KiB in ${payload.arrays} byte arrays, ${ROUNDS} rounds of ${calls} calls`);
  printRow('codec', 'encode µs', 'ratio', 'decode µs', 'ratio', 'size/payload');
  for (const [name, codec] of Object.entries(codecs)) {
    const encoded = states.map((state) => Uint8Array.from(codec.encode(state)));
    const reference = states.map((state) => Uint8Array.from(pack(state)));
    const encode = pairs(
      calls,
      (i) => codec.encode(states[i]),
      (i) => pack(states[i]),
    );
    const decode = pairs(
      calls,
      (i) => codec.decode(encoded[i]),
      (i) => unpack(reference[i]),
    );
    const size = encoded[0].length / payload.bytes;
    printRow(
      name,
      encode.time.toFixed(2),
      encode.ratio.toFixed(2),
      decode.time.toFixed(2),
      decode.ratio.toFixed(2),
      size.toFixed(3),
    );
  }
}

/** Median microseconds per call of `subject`, and its ratio to that of `reference`. */
function pairs(calls, subject, reference) {
  const times = { subject: [], reference: [] };
  const random = generator(99);
  const round = (run) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) run(i % STATES);
    return Number(process.hrtime.bigint() - start) / 1e3 / calls;
  };
  for (let i = -20; i < ROUNDS; i++) {
    const subjectFirst = random() % 2 === 0;
    const first = round(subjectFirst ? subject : reference);
    const second = round(subjectFirst ? reference : subject);
    if (i < 0) continue;
    times.subject.push(subjectFirst ? first : second);
    times.reference.push(subjectFirst ? second : first);
  }
  const time = median(times.subject);
  return { time, ratio: time / median(times.reference) };
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function printRow(name, ...columns) {
  console.log(name.padEnd(26) + columns.map((column) => column.padStart(13)).join(''));
}

/** A state with `size` bytes in byte arrays: two maps of up to 24 each, keyed by stage. */
function makeState(size, seed) {
  const random = generator(seed + 1);
  const stages = Math.max(2, Math.min(24, Math.floor(size / 512)));
  const each = Math.max(16, Math.floor((size - 200) / (stages * 2)));
  const names = Array.from({ length: stages }, (_, i) => `step-${i}`);
  const arrays = (prefix) =>
    Object.fromEntries(
      names.map((_, i) => [`${prefix}-${i}`, Uint8Array.from({ length: each }, () => random() & 255)]),
    );
  return {
    workflowId: 'invoice',
    version: [1, 4, 2],
    stage: names[seed % stages],
    input: arrays('in'),
    state: arrays('step'),
    metrics: {
      stages: stages,
      retries: 2,
      errors: 0,
      durations: { [names[0]]: 12.5, [names[1]]: 340 },
      custom: { score: 0.25 },
    },
    retries: { [names[1]]: 2 },
  };
}

function payloadOf({ input, state }) {
  const arrays = [...Object.values(input), ...Object.values(state)];
  return { arrays: arrays.length, bytes: arrays.reduce((sum, bytes) => sum + bytes.length, 0) };
}

function generator(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
