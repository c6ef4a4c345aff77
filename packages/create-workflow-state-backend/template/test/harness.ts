// What the suite needs of this backend. Every hook makes more cases run; those that want a missing one are reported as not
// run. To add when your storage has them:
//
//   peerProcess   a handle in another process: forkBackend(new URL('./peer-process.js', import.meta.url), [place])
//   faults        corrupt, plantForeign, powerLoss, openHandles: what cannot be done to your storage from outside

import type { Harness, Location } from '@workflow-state/core/conformance';
import { myBackend, MyPlace } from '../src/index.js';

interface Place extends Location {
  readonly place: MyPlace;
}

export const harness: Harness<Place> = {
  name: 'my-backend',
  expect: { durability: 'none', sharing: 'process', reads: 'latest', reclaims: true, maxBodyBytes: Infinity },
  /** A fresh, empty place for each case. */
  async create() {
    const place = new MyPlace();
    return { place, backend: myBackend({ place }) };
  },
  /** A second handle on the same place. */
  peer: async ({ place }) => ({ backend: myBackend({ place }) }),
  /** The place as a restart finds it. In memory there is nothing left; in yours it is the same place again. */
  reopen: async () => ({ backend: myBackend() }),
};
