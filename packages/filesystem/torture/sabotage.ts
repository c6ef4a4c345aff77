// Controls: the same backend with one of its mechanisms taken out, below the protocol. A torture that does not see the
// difference proves nothing.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileOps } from '../src/file-ops.js';

export const SABOTAGES = ['check-then-rename', 'unlink-delete', 'late-marker'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

const TOKEN = /\.tok$/;
const PIT = /\.pit\/d$/;
const MARKER = /\/status\/[a-z]+\/[0-9a-f]/;

export function sabotaged(ops: FileOps, sabotage: Sabotage): FileOps {
  switch (sabotage) {
    case 'check-then-rename':
      // Two who look before either moves the token both go on.
      return {
        ...ops,
        async rename(from, to) {
          if (!TOKEN.test(from) || !TOKEN.test(to)) return ops.rename(from, to);
          const own = `${from}.${randomBytes(4).toString('hex')}`;
          await ops.link(from, own);
          await delay(1);
          await ops.rename(own, to);
          try {
            await ops.unlink(from);
          } catch {
            // The other did.
          }
        },
      };
    case 'unlink-delete':
      // Whatever has that name when the deleter gets there.
      return {
        ...ops,
        async rename(from, to) {
          if (!PIT.test(to)) return ops.rename(from, to);
          // Until others have finished the delete and created anew: sooner on an idle machine than on a busy one.
          await delay(Math.random() < 0.5 ? 10 : 100);
          await ops.unlink(from);
        },
        rmdir: async () => {},
      };
    case 'late-marker':
      return {
        ...ops,
        async link(from, to) {
          if (!MARKER.test(to)) return ops.link(from, to);
          const kept = `${to.replace(/\/status\/.*$/, '')}/.kept.${randomBytes(8).toString('hex')}`;
          await ops.link(from, kept);
          void delay(15)
            .then(() => ops.link(kept, to))
            .catch(() => {})
            .then(() => ops.unlink(kept))
            .catch(() => {});
        },
      };
  }
}
