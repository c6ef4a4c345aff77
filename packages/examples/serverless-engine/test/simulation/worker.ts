// A process of the simulation: the handler, as Lambda would run it, told by its parent what to handle.
import { once } from 'node:events';
import {
  decodeJson,
  encodeJson,
  isStateStoreError,
  openStateStoreFromUrl,
  type StateStore,
  type WorkflowState,
} from '@workflow-state/core';
import { fileScheme } from '@workflow-state/filesystem';
import { s3Scheme } from '@workflow-state/s3';
import { Engine } from '../../src/engine.js';
import { handlerOf } from '../../src/handler.js';
import type { Work, Workflow } from '../../src/workflow.js';
import { workflowsOf } from './workflows.js';
import { type News, type Order, PAGES, type WorkerSettings } from './messages.js';

const settings = JSON.parse(process.argv[2]!) as WorkerSettings;
process.once('disconnect', () => process.exit());
process.setMaxListeners(0);

const opened = await openStateStoreFromUrl(settings.url, { schemes: [fileScheme, s3Scheme] });
const engine = new Engine({
  store: settings.fenced ? opened : unfenced(opened),
  workflows: workflowsOf(settings.reportUrl).map(withLedger),
  owner: `process ${process.pid}`,
  lease: settings.lease,
  maxClockSkew: settings.maxClockSkew,
  timetablePages: PAGES,
  onCheckpoint: ({ instanceId: run, status, state }) => {
    const ledger = ledgerOf(state);
    tell({ type: 'stored', run, status: status.kind, length: ledger.length, entry: ledger.at(-1) ?? '' });
  },
});
const handler = handlerOf(engine, 1000);

process.on('message', (order: Order) => {
  if (order.type !== 'event') return;
  let steps = order.steps;
  handler(order.event, { getRemainingTimeInMillis: () => (steps-- > 0 ? 60_000 : 0) }).then(
    () => tell({ type: 'done' }),
    (error: unknown) => tell({ type: 'done', error: codesOf(error) }),
  );
});
tell({ type: 'ready' });

/** Every execution of a step writes a line of its own into the state: what is there in the end is what took effect. */
function withLedger(workflow: Workflow): Workflow {
  const ledgered = (work: Work): Work => ({
    ...work,
    async run(state, context) {
      const answered = once(process, 'message');
      tell({ type: 'working', run: state.instanceId, step: work.name });
      await answered;
      const done = await work.run(state, context);
      const line = `${work.name} ${context.fence} ${crypto.randomUUID()}`;
      return { ...done, state: { ...done.state, ledger: encodeJson([...ledgerOf(state.state), line]) } };
    },
  });
  return { ...workflow, steps: workflow.steps.map((step) => ('run' in step ? ledgered(step) : step)) };
}

function ledgerOf(state: WorkflowState['state']): readonly string[] {
  return state['ledger'] === undefined ? [] : decodeJson<string[]>(state['ledger']);
}

/** Saves from any revision, as on a store without compare-and-set. */
function unfenced(store: StateStore): StateStore {
  return Object.create(store, {
    save: {
      value: (state: WorkflowState) => store.save(state, { onConflict: 'revision' in state ? 'overwrite' : 'fail' }),
    },
  }) as StateStore;
}

/** Of what a queue would deliver again; anything else is a mistake of the engine, and told in full. */
function codesOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(codesOf).join(' ');
  return isStateStoreError(error) ? error.code : String(error instanceof Error ? error.stack : error);
}

function tell(news: News): void {
  process.send?.(news);
}
