// Several processes save, load, delete, re-create, list and clean a few instances among 2 000, while they are killed and
// paused at random; some order of the operations must explain what all of them were told. Besides, a process is killed at
// every single system call of every operation. Then the same without one mechanism or another, which must be noticed.
// Exits with 1, and says what and with which seed, when something is wrong.
//
//   npm run test:torture -- --seconds 600 --seed 7

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  cancel,
  complete,
  enterStage,
  InstanceId,
  newWorkflowState,
  openStateStore,
  pause,
  type StatusKind,
  type WorkflowStateInput,
} from '@workflow-state/core';
import { seededRandom } from '@workflow-state/core/conformance';
import { fileSystemBackend } from '../src/filesystem-backend.js';
import { check } from './check.js';
import type { Task } from './actor.main.js';
import { killAtEveryCall } from './kill-points.js';
import { Log, type Operation, readLog } from './log.js';
import { leftovers } from './leftovers.js';
import { tortureOptions } from './options.js';
import { type Counts, Crowd, start } from './processes.js';
import { type Sabotage, SABOTAGES } from './sabotage.js';

const ACTORS = 5;
const INSTANCES = 2000;
const HOT = 6;

interface Result extends Counts {
  readonly operations: number;
  readonly byName: Readonly<Record<string, number>>;
  readonly open: number;
  readonly violations: readonly string[];
}

async function torture(parent: string, milliseconds: number, seed: number, sabotage: Sabotage | null): Promise<Result> {
  const place = mkdtempSync(join(parent, 'workflow-state-torture-'));
  try {
    const random = seededRandom(seed);
    const directory = `${place}/store`;
    const logs = `${place}/logs`;
    mkdirSync(logs);
    const still = await populate(directory, INSTANCES - HOT);
    // Of two shards, whose fsyncs they share.
    const hot = Array.from({ length: HOT }, (_, at) =>
      InstanceId.parse(
        `${at % 2 === 0 ? '3c' : 'a7'}${(seed >>> 0).toString(16).padStart(8, '0')}${String(at).padStart(22, '0')}`,
      ),
    );
    const task: Task = { directory, hot, still, sabotage };
    writeFileSync(`${place}/task`, JSON.stringify(task));
    const crowd = new Crowd(ACTORS, random, (at, generation) =>
      start('actor', [`${place}/task`, `${logs}/${at}.${generation}`, String(random.int(2 ** 31))]),
    );
    const read = (): { operations: Operation[]; wrong: string[] } => {
      const all = readdirSync(logs).map((name) => readLog(name, `${logs}/${name}`));
      return { operations: all.flatMap(({ operations }) => operations), wrong: all.flatMap(({ wrong }) => wrong) };
    };
    const found = (): string[] => {
      const { operations, wrong } = read();
      return [...wrong, ...check(operations)];
    };
    // A control ends with the first violation.
    let looked = performance.now();
    const enough = (): boolean => {
      if (sabotage === null || performance.now() - looked < 1500) return false;
      const is = found().length > 0;
      looked = performance.now();
      return is;
    };
    try {
      await crowd.harass(milliseconds, enough);
    } finally {
      await crowd.end();
    }
    const after = sabotage === null ? await aftermath(task, `${logs}/after`) : [];
    const { operations, wrong } = read();
    const violations = [...crowd.accidents, ...wrong, ...check(operations), ...after];
    const byName: Record<string, number> = {};
    for (const { name } of operations) byName[name] = (byName[name] ?? 0) + 1;
    const open = operations.filter(({ outcome }) => outcome.kind === 'open').length;
    return { ...crowd.counts, operations: operations.length, byName, open, violations };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** With the clock far ahead: no cleanup finds the terminal ones old. */
async function populate(directory: string, count: number): Promise<Record<string, StatusKind>> {
  const store = await openStateStore(fileSystemBackend({ directory, durability: 'process' }), {
    clock: () => Date.now() + 1e9,
  });
  const kinds = [(s: WorkflowStateInput) => s, (s: WorkflowStateInput) => enterStage(s, 'x'), pause, complete, cancel];
  const still: Record<string, StatusKind> = {};
  for (let at = 0; at < count; at++) {
    const input = newWorkflowState({
      workflowId: 'still',
      version: { major: 1, minor: 0, patch: 0 },
      currentStage: 'begin',
    });
    const change = kinds[at % kinds.length] ?? pause;
    const { instanceId, status } = await store.save(change(input as WorkflowStateInput) as WorkflowStateInput);
    still[instanceId] = status.kind;
  }
  await store.close();
  return still;
}

/** All are dead. A newcomer finds every instance usable, and leaves nothing of the dead. */
async function aftermath({ directory, hot, still }: Task, path: string): Promise<string[]> {
  const wrong: string[] = [];
  const { openSync } = await import('node:fs');
  const log = new Log(openSync(path, 'a'));
  const backend = fileSystemBackend({ directory, leftoverAge: 0 });
  const store = await openStateStore(backend);
  const look = async (): Promise<string[]> => {
    const there: string[] = [];
    for (const [key, id] of hot.entries()) {
      const number = log.begin('find', key);
      const head = await store.head(id);
      const [, , nonce = '', incarnation = ''] = head?.revision.split('.') ?? [];
      log.end(
        number,
        head === undefined ? { kind: 'absent' } : { kind: 'seen', nonce, version: head.checkpointVersion, incarnation },
      );
      if (head !== undefined) there.push(id);
    }
    return there;
  };
  await look();
  const { failures } = await store.cleanup({ days: 300 });
  for (const { error } of failures) wrong.push(`cleanup afterwards: ${String(error)}`);
  // A delete whose process died between its commit and its effect takes effect in the sweep; whether there was one for
  // each that is gone now, the check of the histories tells.
  const living = new Set([...Object.keys(still), ...(await look())]);
  wrong.push(...(await leftovers(directory, living)));
  for (const id of hot) {
    const state = await store
      .update(id, (now) => pause(now))
      .catch(async () => {
        return store.save({
          ...(newWorkflowState({
            workflowId: 'after',
            version: { major: 1, minor: 0, patch: 0 },
            currentStage: 'x',
          }) as WorkflowStateInput),
          instanceId: id,
        });
      });
    if (!(await store.delete(id, { revision: state.revision }))) wrong.push(`${id} could not be deleted afterwards`);
    living.delete(id);
  }
  wrong.push(...(await leftovers(directory, living)));
  await store.close();
  return wrong;
}

function report(what: string, { operations, byName, kills, pauses, open, violations }: Result): void {
  const parts = Object.entries(byName)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`);
  console.log(
    `${what}: ${operations} operations (${parts.join(', ')}), ${open} without an answer, ${kills} kills, ${pauses} pauses, ${violations.length} violations`,
  );
}

/** It ends with the first violation, mostly after some seconds; where others want the processors too, it takes longer. */
const CONTROL_MILLISECONDS = 60_000;

async function main(): Promise<void> {
  const { seconds, seed, directory, sabotage } = tortureOptions(process.argv.slice(2));
  console.log(`seed ${seed}, ${seconds} s, in ${directory}`);
  const begin = performance.now();
  const lap = (): string => `${Math.round((performance.now() - begin) / 1000)} s`;
  let wrong: readonly string[] = [];
  if (sabotage === undefined) {
    // Side by side: the deaths mostly wait for processes to start.
    const deaths = killAtEveryCall(directory);
    const result = await torture(directory, seconds * 1000, seed, null);
    report('torture', result);
    const { points, violations } = await deaths;
    console.log(`killed at every call: ${points} points, ${violations.length} violations (${lap()})`);
    wrong = [...violations, ...result.violations];
  }
  for (const control of SABOTAGES.filter((name) => sabotage === undefined || name === sabotage)) {
    const result = await torture(directory, CONTROL_MILLISECONDS, seed, control);
    report(`control without its mechanism, ${control}`, result);
    if (sabotage !== undefined) console.log(result.violations.slice(0, 5).join('\n'));
    if (result.violations.length === 0) wrong = [...wrong, `${control} was not noticed: this torture proves nothing`];
  }
  for (const text of wrong.slice(0, 20)) console.error(text);
  if (wrong.length > 0) {
    console.error(`${wrong.length} violations; seed ${seed}`);
    process.exitCode = 1;
  }
  console.log(`done in ${lap()}`);
}

void main();
