// Stores of whole workflow engines. They keep histories where we keep the latest state, so each is given what its engine
// writes at one checkpoint.
import { join } from 'node:path';
import { at } from '../at.js';
import { envelopeCodec } from './codec.js';
import { contender } from './installed.js';
export const LANGGRAPH = {
  name: 'LangGraph SqliteSaver',
  promises: 'atomic',
  because: 'WAL with the NORMAL that better-sqlite3 is built with; keeps every checkpoint',
  packages: ['@langchain/langgraph-checkpoint-sqlite', 'better-sqlite3'],
  role: 'peer',
  async open(directory, states) {
    const { SqliteSaver } = await contender('@langchain/langgraph-checkpoint-sqlite');
    const saver = SqliteSaver.fromConnString(join(directory, 'checkpoints.db'));
    const threads = [];
    const threadOf = (index) => ({
      configurable: { thread_id: at(states, index).instanceId, checkpoint_ns: '' },
    });
    let checkpoints = 0;
    return {
      async save(index) {
        const state = at(states, index);
        const checkpoint = {
          v: 4,
          id: `1f${String(checkpoints++).padStart(34, '0')}`,
          ts: state.updatedAt.toISOString(),
          channel_values: { ...state.input, ...state.state, status: state.status.kind },
          channel_versions: {},
          versions_seen: {},
        };
        const metadata = { source: 'loop', step: checkpoints, parents: {} };
        threads[index] = await saver.put(threads[index] ?? threadOf(index), checkpoint, metadata);
      },
      load: (index) => saver.getTuple(threadOf(index)),
      close: () => saver.db.close(),
    };
  },
};
export const WORLD_LOCAL = {
  name: 'Vercel Workflow, local world',
  promises: 'process',
  because: 'renames a temporary file and flushes nothing; a save is one step_completed: its event and its step',
  packages: ['@workflow/world-local'],
  role: 'peer',
  async open(directory, states) {
    const { encode } = await envelopeCodec();
    const { createLocalWorld } = await contender('@workflow/world-local');
    const world = createLocalWorld({ dataDir: directory });
    const empty = new Uint8Array(0);
    const { run } = await world.events.create(null, {
      eventType: 'run_created',
      eventData: { deploymentId: 'bench', workflowName: 'invoice', input: empty },
    });
    if (run === undefined) throw new Error('run_created answered without a run');
    await world.events.create(run.runId, { eventType: 'run_started' });
    const steps = [];
    let count = 0;
    return {
      async beforeSaves(indices) {
        for (const index of indices) {
          const correlationId = `step_${count++}`;
          steps[index] = correlationId;
          const eventData = { stepName: 'fetch', input: empty };
          await world.events.create(run.runId, { eventType: 'step_created', correlationId, eventData });
          await world.events.create(run.runId, { eventType: 'step_started', correlationId });
        }
      },
      save(index) {
        const eventData = { stepName: 'fetch', result: encode(at(states, index)) };
        return world.events.create(run.runId, {
          eventType: 'step_completed',
          correlationId: at(steps, index),
          eventData,
        });
      },
      load: (index) => world.steps.get(run.runId, at(steps, index)),
      ...(world.close === undefined ? {} : { close: () => world.close?.() }),
    };
  },
};
//# sourceMappingURL=engines.js.map
