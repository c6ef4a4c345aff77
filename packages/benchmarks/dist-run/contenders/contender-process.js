// One contender in a process of its own: its garbage is collected on its own time, its native code crashes alone, and it
// may need another Node.js. Asked by messages, one batch at a time; the clock runs here, around the calls alone.
//
//   node contender-process.js <name> <directory> <bytes> <instances>             then messages
//   node contender-process.js <name> <directory> <bytes> <instances> traced      each instance once, for a tracer to count
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sampleStates } from '../states.js';
import { CONTENDERS } from './all.js';
import { markOf, PHASES } from './protocol.js';
const [name = '', directory = '', bytes = '', instances = '', traced] = process.argv.slice(2);
const count = Number(instances);
const contender = CONTENDERS.find((one) => one.name === name);
if (contender === undefined) throw new Error(`there is no contender ${name}`);
try {
  const open = await contender.open(directory, sampleStates(count, Number(bytes)));
  const everyone = Array.from({ length: count }, (_, index) => index);
  await open.beforeSaves?.(everyone);
  mark('create');
  for (const index of everyone) await open.save(index);
  /** Each lane has instances of its own, so that no two saves of one instance are under way. */
  const runLane = async (lane, { operation: which, calls: all, concurrency }) => {
    for (let call = lane; call < all; call += concurrency) {
      const running = open[which](call % count);
      if (running instanceof Promise) await running;
    }
  };
  const runBatch = async (batch) => {
    if (batch.operation === 'save')
      await open.beforeSaves?.(Array.from({ length: batch.calls }, (_, call) => call % count));
    const begin = process.hrtime.bigint();
    if (batch.concurrency === 1) await runLane(0, batch);
    else await Promise.all(Array.from({ length: batch.concurrency }, (_, lane) => runLane(lane, batch)));
    return Number(process.hrtime.bigint() - begin) / 1000 / batch.calls;
  };
  if (traced === undefined) {
    process.on('message', (message) => {
      if (message === 'end')
        void Promise.resolve(open.close?.()).finally(() => {
          process.disconnect();
        });
      else
        void runBatch(message).then(
          (time) => answer({ time }),
          (error) => answer({ error: String(error) }),
        );
    });
    answer({ time: 0 });
  } else {
    await open.beforeSaves?.(everyone);
    for (const phase of PHASES.slice(1)) {
      mark(phase);
      const act = phase === 'create' ? undefined : open[phase];
      if (act !== undefined) for (const index of everyone) await act(index);
    }
    mark('end');
    process.exit(0);
  }
} catch (error) {
  answer({ error: error instanceof Error ? error.message : String(error) });
  if (process.send === undefined) throw error;
}
function mark(phase) {
  if (traced !== undefined) existsSync(join(directory, markOf(phase)));
}
function answer(message) {
  process.send?.(message);
}
//# sourceMappingURL=contender-process.js.map
