// What the fixtures of format 1 hold. Never change an entry: add one under a new name.

import { InstanceId } from '../../src/instance-id.js';
import { ownEntry } from '../../src/revision.js';
import type { Write } from '../../src/state-codec.js';
import type { StateBody } from '../../src/state-shape.js';
import type { WorkflowStatus } from '../../src/status.js';

export interface Fixture {
  readonly write: Write;
  /** Absent for a tombstone. */
  readonly body?: StateBody;
}

const id = InstanceId.parse('00112233-4455-6677-8899-aabbccddeeff');
const metrics = { stagesExecuted: 0, retryCount: 0, errorCount: 0, stageDurations: {}, custom: {} };

const plain: StateBody = {
  workflowId: 'invoice',
  version: { major: 1, minor: 2, patch: 3 },
  status: { kind: 'initializing' },
  currentStage: 'fetch',
  input: {},
  state: {},
  metrics,
  retryAttempts: {},
};

function created(status: WorkflowStatus, body: Partial<StateBody> = {}): Fixture {
  const nonce = '0123456789abcdef';
  return {
    write: {
      id,
      parent: undefined,
      updatedAt: 1_767_225_600_000,
      revision: {
        version: 1,
        nonce,
        incarnation: nonce,
        first: true,
        status: status.kind,
        entered: ownEntry(1, nonce, 1_767_225_600_000),
        createdAt: 1_767_225_599_999,
      },
    },
    body: { ...plain, ...body, status },
  };
}

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

export const fixtures: Readonly<Record<string, Fixture>> = {
  initializing: created({ kind: 'initializing' }),
  running: created({ kind: 'running', currentStage: 'render' }),
  waiting: created({ kind: 'waiting', stage: 'pay', event: 'payment received' }),
  paused: created({ kind: 'paused', stage: 'Prüfung – 検査 🧾' }),
  completed: created({
    kind: 'completed',
    result: { output: { pdf: everyByte }, durationMs: 1234.5, metrics: { ...metrics, stagesExecuted: 4 } },
  }),
  failed: created({
    kind: 'failed',
    error: { code: 'E_PAY', message: 'declined', stage: 'pay', trace: 'at pay', recoveryHints: ['retry', ''] },
  }),
  'failed-bare': created({ kind: 'failed', error: { code: '', message: '', recoveryHints: [] } }),
  cancelled: created({ kind: 'cancelled' }),
  'odd-keys': created(
    { kind: 'initializing' },
    {
      input: {
        '': new Uint8Array(),
        ['__proto__']: Uint8Array.of(1),
        '\ufeffbom': Uint8Array.of(2),
        constructor: Uint8Array.of(3),
        ['k'.repeat(300)]: Uint8Array.of(4),
      },
      state: { '../../etc/passwd': everyByte, 'a\0b': new Uint8Array(70_000).fill(7) },
    },
  ),
  'odd-numbers': created(
    { kind: 'initializing' },
    {
      version: { major: 4_294_967_295, minor: 0, patch: 65_536 },
      metrics: {
        stagesExecuted: 23,
        retryCount: 24,
        errorCount: 4_294_967_295,
        stageDurations: { a: 0, b: 0.1, c: 1e300, d: 9_007_199_254_740_991, e: 9_007_199_254_740_992 },
        custom: {
          nan: Number.NaN,
          negativeZero: -0,
          infinity: Infinity,
          minusInfinity: -Infinity,
          least: 5e-324,
          minusOne: -1,
          big: -(2 ** 53 - 1),
        },
      },
      retryAttempts: { a: 0, b: 4_294_967_295 },
    },
  ),
  'second-life': {
    write: {
      id,
      parent: 'fedcba9876543210',
      updatedAt: -8.64e15,
      revision: {
        version: 4_294_967_295,
        nonce: '1111111111111111',
        incarnation: '2222222222222222',
        first: false,
        status: 'running',
        entered: ownEntry(7, '3333333333333333', 8.64e15),
        createdAt: 0,
      },
    },
    body: { ...plain, status: { kind: 'running', currentStage: '' } },
  },
  tombstone: {
    write: {
      id,
      parent: 'fedcba9876543210',
      updatedAt: 1_767_225_600_000,
      revision: {
        version: 9,
        nonce: '4444444444444444',
        incarnation: '2222222222222222',
        first: true,
        status: 'tombstone',
        entered: ownEntry(9, '4444444444444444', 1_767_225_600_000),
        createdAt: 5,
      },
    },
  },
};
