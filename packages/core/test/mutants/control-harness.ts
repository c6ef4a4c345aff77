// A harness with every hook there is, over the control backend or one that breaks it.

import { MessageChannel } from 'node:worker_threads';
import { connectBackend, type Handle, type Harness, type Location, serveBackend } from '../../src/conformance/index.js';
import { tick, ControlBackend, CONTROL_CAPABILITIES, ControlSpace } from './control-backend.js';

export interface ControlLocation extends Location {
  readonly space: ControlSpace;
}

/** A constructor of backends over a space. */
export type BackendClass = new (space: ControlSpace) => ControlBackend;

export function controlHarness(
  Backend: BackendClass = ControlBackend,
  change: Partial<Harness<ControlLocation>> = {},
): Harness<ControlLocation> {
  const handle = (space: ControlSpace): Handle => ({ backend: new Backend(space) });
  return {
    name: 'control',
    expect: CONTROL_CAPABILITIES,
    async create() {
      const space = new ControlSpace();
      return { space, backend: new Backend(space) };
    },
    peer: async ({ space }) => handle(space),
    reopen: async ({ space }) => handle(space),
    async peerProcess({ space }) {
      // Stands for another process: what has not been answered when it is killed never is.
      const { port1, port2 } = new MessageChannel();
      serveBackend(port2, new Backend(space));
      const kill = async (): Promise<void> => {
        port2.close();
        port1.close();
        await tick();
      };
      return { backend: await connectBackend(port1), kill, dispose: kill };
    },
    faults: {
      async corrupt({ space }, id, damage) {
        const cell = space.cells.get(id);
        if (cell === undefined) return;
        const envelope = damage(cell.envelope.slice());
        if (envelope === undefined) space.cells.delete(id);
        else space.cells.set(id, { ...cell, envelope });
      },
      async plantForeign({ space }) {
        space.foreign.set('README', 'not ours');
        return async () => space.foreign.get('README') === 'not ours';
      },
      powerLoss: async ({ space }) => handle(space),
      openHandles: ({ space }) => space.handles,
    },
    ...change,
  };
}
