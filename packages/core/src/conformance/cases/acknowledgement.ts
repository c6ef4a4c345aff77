// Clause 4: what was acknowledged stays, and everybody sees one order.

import assert from 'node:assert/strict';
import type { WorkflowState } from '../../state.js';
import type { StateStore } from '../../state-store.js';
import type { CaseContext, ConformanceCase } from '../case.js';
import { collect, inParallel, outcomes, overtaken, same } from '../claims.js';
import { checkAgainstModel } from '../model.js';

export const acknowledgementCases: readonly ConformanceCase[] = [
  {
    id: '4.read-your-write',
    clause: 4,
    title: 'as soon as a save or delete resolves, load, find, head, isCurrent, list and count say so',
    level: 'store',
    needs: { reads: 'latest' },
    usualCause: 'the call resolves before the write is visible, or the index is moved afterwards',
    async run(context) {
      const store = await context.open();
      for (let round = 0; round < context.sizes.rounds; round++) {
        let state = await store.save(context.state());
        const { instanceId } = state;
        for (let save = 0; save < 3; save++) {
          await shows([store], state);
          const old = state.revision;
          state = await store.save({
            ...state,
            workflowId: `save ${save}`,
            status: save === 1 ? { kind: 'paused', stage: 's' } : { kind: 'waiting', stage: 's', event: 'e' },
          });
          assert.equal(await store.isCurrent(instanceId, old), false, 'a revision is current after it was replaced');
        }
        await shows([store], state);
        await store.delete(instanceId);
        assert.equal(await store.find(instanceId), undefined, 'find shows what was deleted');
        assert.equal(await store.head(instanceId), undefined, 'head shows what was deleted');
        assert.equal(await store.isCurrent(instanceId, state.revision), false, 'a deleted revision is current');
        assert.ok(!(await collect(store.list())).includes(instanceId), 'list names what was deleted');
      }
    },
  },
  {
    id: '4.handles-see-each-other',
    clause: 4,
    title:
      'as soon as a save or delete resolves on one handle, the other sees it, also what the other had loaded before',
    level: 'store',
    needs: { sharing: 'process', reads: 'latest' },
    hooks: ['peer'],
    usualCause: 'a handle keeps what it has read, and does not ask again',
    async run(context) {
      await pingPong(context, await context.open(), await context.peer());
    },
  },
  {
    id: '4.processes-see-each-other',
    clause: 4,
    title: 'as soon as a save or delete resolves in one process, the other sees it',
    level: 'store',
    needs: { sharing: 'host', reads: 'latest' },
    hooks: ['peerProcess'],
    usualCause: 'a process keeps what it has read, and does not ask again',
    async run(context) {
      await pingPong(context, await context.open(), (await context.peerProcess()).store);
    },
  },
  {
    id: '4.linearizable',
    clause: 4,
    title: 'a history of racing saves, updates, loads and heads has an order that explains every answer',
    level: 'store',
    needs: { reads: 'latest' },
    usualCause:
      'a read can return what a finished one had already seen replaced, or an acknowledged write is overwritten',
    async run(context) {
      const store = await context.open();
      await mixed(context, [store]);
    },
  },
  {
    id: '4.linearizable-handles',
    clause: 4,
    title: 'so has a history over two handles',
    level: 'store',
    needs: { sharing: 'process', reads: 'latest' },
    hooks: ['peer'],
    usualCause: 'a handle keeps what it has read, or its lock is its own',
    async run(context) {
      await mixed(context, [await context.open(), await context.peer()]);
    },
  },
  {
    id: '4.linearizable-processes',
    clause: 4,
    title: 'so has a history over two processes',
    level: 'store',
    needs: { sharing: 'host', reads: 'latest' },
    hooks: ['peerProcess'],
    timeoutMs: 60_000,
    usualCause: 'exclusion or a cache lives in the memory of one process',
    async run(context) {
      await mixed(context, [await context.open(), (await context.peerProcess()).store]);
    },
  },
  {
    id: '4.creates-and-deletes-alternate',
    clause: 4,
    title:
      'among racing creates and deletes of one id every created revision is deleted once, but for the one that is there in the end',
    level: 'store',
    usualCause: 'two creates succeed, of which one is lost, or a delete takes away what it has not seen',
    async run(context) {
      const store = await context.open();
      for (let round = 0; round < context.sizes.rounds / 2; round++) {
        const instanceId = context.id();
        const created = new Set<string>();
        const deleted: string[] = [];
        let doubtfulCreates = 0;
        const perhapsDeleted = new Set<string>();
        await inParallel(Array.from({ length: context.sizes.racers }), context.sizes.racers, async (_, index) => {
          for (let turn = 0; turn < 3; turn++) {
            if ((index + turn) % 2 === 0) {
              const { won, lost } = await outcomes(
                [store.save(context.state({ instanceId }))],
                [...overtaken(store), 'STORAGE_ERROR'],
                'a create',
              );
              for (const { revision } of won) created.add(revision);
              if (lost[0]?.code === 'OUTCOME_UNKNOWN') doubtfulCreates++;
            } else {
              const head = await store.head(instanceId);
              if (head === undefined) continue;
              const { won, lost } = await outcomes(
                [store.delete(instanceId, { revision: head.revision })],
                overtaken(store),
                'a delete',
              );
              if (won[0] === true) deleted.push(head.revision);
              if (lost[0]?.code === 'OUTCOME_UNKNOWN') perhapsDeleted.add(head.revision);
            }
          }
        });
        const there = (await store.find(instanceId))?.revision;
        assert.equal(new Set(deleted).size, deleted.length, 'one created revision was deleted twice');
        if (there !== undefined) assert.ok(!deleted.includes(there), 'what was deleted is there again');
        const unexplained = [...deleted, ...(there === undefined ? [] : [there])].filter((made) => !created.has(made));
        assert.ok(
          unexplained.length <= doubtfulCreates,
          `${unexplained.length} revisions were there that no acknowledged create has made`,
        );
        same(
          [...created].filter((made) => made !== there && !deleted.includes(made) && !perhapsDeleted.has(made)),
          [],
          'the created revisions that no delete has taken, and that are not there',
        );
      }
    },
  },
  {
    id: '4.model',
    clause: 4,
    title: 'any sequence of calls answers as a map in memory would',
    level: 'store',
    needs: { reads: 'latest' },
    property: true,
    timeoutMs: 120_000,
    usualCause: 'an order of calls that no example had: the counterexample below is the smallest found',
    async run(context) {
      await checkAgainstModel(context, [await context.open()]);
    },
  },
  {
    id: '4.model-two-handles',
    clause: 4,
    title: 'any sequence of calls over two handles answers as one map in memory would',
    level: 'store',
    needs: { sharing: 'process', reads: 'latest' },
    hooks: ['peer'],
    property: true,
    timeoutMs: 120_000,
    usualCause: 'a handle remembers what the other has changed: the counterexample below is the smallest found',
    async run(context) {
      await checkAgainstModel(context, [await context.open(), await context.peer()]);
    },
  },
];

async function shows(stores: readonly StateStore[], state: WorkflowState): Promise<void> {
  const { instanceId, status, revision, checkpointVersion } = state;
  for (const store of stores) {
    same(await store.load(instanceId), state, 'load after the save');
    same(await store.find(instanceId), state, 'find after the save');
    const head = await store.head(instanceId);
    assert.equal(
      head?.revision,
      revision,
      `head shows version ${head?.checkpointVersion} after version ${checkpointVersion} was saved`,
    );
    assert.equal(
      await store.isCurrent(instanceId, revision),
      true,
      `version ${checkpointVersion}, just saved, is not current`,
    );
    assert.ok(
      (await collect(store.listByStatus(status.kind))).includes(instanceId),
      `listByStatus does not name an instance just saved as ${status.kind}`,
    );
    assert.ok((await collect(store.list())).includes(instanceId), 'list does not name an instance just saved');
  }
}

async function pingPong(context: CaseContext, one: StateStore, other: StateStore): Promise<void> {
  const handles = [one, other] as const;
  let state = await one.save(context.state());
  for (let round = 0; round < context.sizes.rounds * 2; round++) {
    const [writer, reader] = round % 2 === 0 ? handles : [other, one];
    await shows([writer, reader], state);
    const old = state;
    state = await writer.save({
      ...state,
      workflowId: `round ${round}`,
      status: round % 3 === 0 ? { kind: 'paused', stage: 's' } : { kind: 'running', currentStage: 's' },
    });
    assert.equal(
      await reader.isCurrent(old.instanceId, old.revision),
      false,
      'the other handle takes a replaced revision for current',
    );
    same(await reader.load(state.instanceId), state, 'what the other handle loads after the save');
    const { lost } = await outcomes(
      [reader.save(old)],
      ['CHECKPOINT_CONFLICT'],
      'a save from the replaced revision on the other handle',
    );
    assert.equal(lost.length, 1, 'the other handle saved from a revision that was replaced');
  }
  await one.delete(state.instanceId);
  assert.equal(await other.find(state.instanceId), undefined, 'the other handle loads what was deleted');
  await shows(handles, await other.save(context.state({ instanceId: state.instanceId })));
}

async function mixed(context: CaseContext, stores: readonly StateStore[]): Promise<void> {
  const { racers, rounds } = context.sizes;
  const { instanceId } = await (stores[0] as StateStore).save(context.state());
  let turns = 0;
  await inParallel(Array.from({ length: racers }), racers, async (_, index) => {
    const store = stores[index % stores.length] as StateStore;
    const workflowId = `worker ${index}`;
    let mine = await store.load(instanceId);
    const write = async (call: Promise<WorkflowState>): Promise<void> => {
      const { won } = await outcomes([call], overtaken(store), 'a racing save or update');
      mine = won[0] ?? (await store.load(instanceId));
    };
    for (let turn = 0; turn < rounds * 2; turn++) {
      // A handle that writes all the time hides what it remembers: each only reads for a while.
      const readsOnly =
        stores.length > 1 && Math.floor(turns++ / (racers * 4)) % stores.length === index % stores.length;
      // Answers from memory come at once: the others must get on meanwhile.
      if (readsOnly) await new Promise((resolve) => setImmediate(resolve));
      switch (context.random.int(readsOnly ? 2 : 5)) {
        case 0:
          mine = await store.load(instanceId);
          break;
        case 1:
          await store.head(instanceId);
          break;
        case 2:
          await write(store.update(instanceId, (state) => ({ ...state, workflowId }), { attempts: 1000 }));
          break;
        default:
          await write(store.save({ ...mine, workflowId }));
      }
    }
  });
  await (stores[0] as StateStore).load(instanceId);
  context.history.checkLinearizable(instanceId);
}
