// Whether a deployment can keep what a store promises: tried out, with a remedy for whatever is wrong.

import { type Diagnosis, diagnoseStore } from '@workflow-state/core/maintenance';
import { cancel, newWorkflowState, type StateStore } from '@workflow-state/core';
import { shortly } from '../error-line.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Session } from '../session.js';
import { print, printJson, styled } from '../terminal.js';
import { version } from '../version.js';

const MARKS = {
  ok: ['green', '✓'],
  doubtful: ['yellow', '!'],
  broken: ['red', '✗'],
} as const;

export async function doctor(session: Session, { json = false }: { readonly json?: boolean }): Promise<ExitCode> {
  const store = await session.open({ create: true });
  const all: Diagnosis[] = [];
  const tell = async (diagnosis: Diagnosis): Promise<void> => {
    all.push(diagnosis);
    if (!json) await print(lines(diagnosis));
  };
  await tell(versions());
  let tried = false;
  for await (const diagnosis of diagnoseStore(store, { signal: session.signal })) {
    tried = true;
    await tell(diagnosis);
  }
  if (!tried) await tell(await roundTrip(store));
  await tell(promises(store));
  if (json) await printJson({ diagnoses: all });
  return all.every(({ verdict }) => verdict === 'ok') ? EXIT.ok : EXIT.problems;
}

function lines({ what, verdict, found, remedy }: Diagnosis): string {
  const [colour, mark] = MARKS[verdict];
  const line = `${styled(colour, mark)} ${what.padEnd(19)} ${found}`;
  return remedy === undefined ? line : `${line}\n  ${' '.repeat(19)} ${styled('dim', `→ ${remedy}`)}`;
}

function versions(): Diagnosis {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const found = `workflow-state ${version()}, Node.js ${process.versions.node} on ${process.platform}`;
  if (major > 20 || (major === 20 && minor >= 19)) return { what: 'versions', verdict: 'ok', found };
  return { what: 'versions', verdict: 'broken', found, remedy: 'use Node.js 20.19 or newer' };
}

/** For a backend that cannot tell: an instance that no engine takes up, saved, read and deleted. */
async function roundTrip(store: StateStore): Promise<Diagnosis> {
  const what = 'round trip';
  try {
    const probe = newWorkflowState({
      workflowId: 'workflow-state doctor',
      version: { major: 1, minor: 0, patch: 0 },
      currentStage: 'probe',
    });
    const saved = await store.save(cancel(probe));
    const loaded = await store.load(saved.instanceId);
    const isSame = loaded.revision === saved.revision;
    const isListed = (await store.head(saved.instanceId))?.status === 'cancelled';
    const isDeleted = await store.delete(saved.instanceId, { revision: loaded.revision });
    const isGone = (await store.find(saved.instanceId)) === undefined;
    if (isSame && isListed && isDeleted && isGone)
      return { what, verdict: 'ok', found: 'a cancelled instance was saved, loaded and deleted' };
    return {
      what,
      verdict: 'broken',
      found: 'a cancelled instance was saved, and what was then read was not what was written',
      remedy: 'examine the backend with the conformance suite of @workflow-state/core',
    };
  } catch (error) {
    return { what, verdict: 'broken', found: shortly(error), remedy: 'see the message' };
  }
}

function promises({ capabilities }: StateStore): Diagnosis {
  const { durability, sharing, reads } = capabilities;
  const survives = {
    none: 'nothing survives the process',
    process: 'a save survives the process, not a power cut',
    'power-loss': 'a save survives a power cut',
  } as const;
  const shared = {
    none: 'one handle',
    process: 'the handles of one process',
    host: 'the processes of one machine',
    network: 'every host',
  } as const;
  const stale = reads === 'latest' ? '' : '; reads may be stale';
  return { what: 'promises', verdict: 'ok', found: `${survives[durability]}; shared by ${shared[sharing]}${stale}` };
}
