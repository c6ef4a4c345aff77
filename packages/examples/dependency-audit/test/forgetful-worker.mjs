// A worker with a broken resume: it finds its run, and forgets what has been done.
import { openStore } from '../dist/stores.js';
import { work } from '../dist/worker.js';

const [url, root, out] = process.argv.slice(2);
await work({
  root,
  out,
  async open(options) {
    const store = await openStore(url, options);
    return {
      states: (filter) => store.states(filter),
      save: (state) => store.save(state),
      update: async (id, change) => ({ ...(await store.update(id, change)), currentStage: 'scan', state: {} }),
      close: () => store.close(),
    };
  },
});
