import { describe, expect, it } from 'vitest';
import { History, type Operation } from '../../src/conformance/index.js';
import { recordStore } from '../../src/conformance/history.js';
import { InstanceId } from '../../src/instance-id.js';
import { openStateStore } from '../../src/open-state-store.js';
import { newWorkflowState, type WorkflowState } from '../../src/state.js';
import { ControlBackend, ControlSpace } from '../mutants/control-backend.js';

const id = InstanceId.parse('0'.repeat(32));

describe('a history', () => {
  it('is accepted where operations overlap and one order explains them', () => {
    const history = new History();
    const save = begin(history, 'save');
    const early = begin(history, 'load');
    const late = begin(history, 'load');
    end(history, early, 0);
    end(history, late, 1);
    end(history, save, 1);
    expect(() => history.checkLinearizable(id)).not.toThrow();
  });

  it('is refused where a version is acknowledged twice', () => {
    const history = new History();
    const [one, two] = [begin(history, 'save'), begin(history, 'save')];
    end(history, one, 1, 'a');
    end(history, two, 1, 'b');
    expect(() => history.checkLinearizable(id)).toThrow('version 1 was acknowledged twice');
  });

  it('is refused where a read that began after another had finished sees less', () => {
    const history = new History();
    end(history, begin(history, 'save'), 1);
    const slow = begin(history, 'save');
    end(history, begin(history, 'load'), 2);
    end(history, begin(history, 'load'), 1);
    end(history, slow, 2);
    expect(() => history.checkLinearizable(id)).toThrow('version 1 was seen after version 2');
  });

  it('is refused where a save that began after a read had finished writes what was read', () => {
    const history = new History();
    end(history, begin(history, 'load'), 3);
    end(history, begin(history, 'save'), 3);
    expect(() => history.checkLinearizable(id)).toThrow('version 3 was seen before its writer began');
  });

  it('is refused where one version has two revisions, or an older one is written later', () => {
    const twice = new History();
    end(twice, begin(twice, 'load'), 1, 'a');
    end(twice, begin(twice, 'load'), 1, 'b');
    expect(() => twice.checkLinearizable(id)).toThrow('version 1 was seen with two revisions');
    const older = new History();
    end(older, begin(older, 'save'), 2);
    end(older, begin(older, 'save'), 1);
    expect(() => older.checkLinearizable(id)).toThrow('version 1 was written after version 2');
  });

  it('takes an update that changed nothing for the read that it was', async () => {
    const history = new History();
    const store = recordStore(await openStateStore(new ControlBackend(new ControlSpace())), history, 'one');
    const { instanceId } = await store.save(
      newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' }),
    );
    for (const unchanged of [(state: WorkflowState) => state, () => undefined])
      await store.update(instanceId, unchanged);
    expect(() => history.checkLinearizable(instanceId)).not.toThrow();
    await store.update(instanceId, (state) => ({ ...state }));
    const writers = history.operations.filter(({ writes }) => writes);
    expect(writers.map(({ op, version }) => [op, version])).toEqual([
      ['save', 1],
      ['update', 2],
    ]);
  });

  it('leaves open what was never answered, and what failed', () => {
    const history = new History();
    begin(history, 'save');
    const failed = begin(history, 'save');
    history.end(failed, 'OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN');
    end(history, begin(history, 'load'), 1);
    end(history, begin(history, 'load'), 2);
    expect(() => history.checkLinearizable(id)).not.toThrow();
    expect(history.toText()).toMatch(/^ {4}0– {8}A\.save → no answer$/m);
  });

  it('of many operations tells those of the instance that the last is about, and what happened to all', () => {
    const history = new History();
    const other = InstanceId.parse('1'.repeat(32));
    end(history, begin(history, 'save'), 1);
    for (let i = 0; i < 60; i++) end(history, history.begin('A', 'load', other, 'another'), 1);
    history.note('power cut');
    end(history, begin(history, 'find'), 0);
    const [head, ...lines] = history.toText().split('\n');
    expect(head).toContain('; 60 others are not shown');
    expect(lines.map((line) => line.trim().replace(/^\S+ +/, ''))).toEqual([
      'A.save → v1',
      '· power cut',
      'A.find → v0',
    ]);
  });

  it('tells the two writes that claim one version, and what they were written over, however much came after', () => {
    const history = new History();
    end(history, begin(history, 'save'), 1, 'a');
    const [one, two] = [begin(history, 'save'), begin(history, 'save')];
    end(history, one, 2, 'b');
    end(history, two, 2, 'c');
    for (let i = 0; i < 100; i++) end(history, begin(history, 'load'), 2);
    const lines = history.toText().split('\n').slice(1);
    expect(
      lines.map((line) =>
        line
          .replaceAll(/\d+–\d+/g, '')
          .replaceAll(/ +/g, ' ')
          .trim(),
      ),
    ).toEqual(['A.save → v1', '► A.save → v2', '► A.save → v2']);
  });

  it('leaves out what was refused before anything was asked of the backend', () => {
    const history = new History();
    for (const outcome of ['INVALID_ARGUMENT', 'ok', 'INVALID_STATE', 'STORE_CLOSED'])
      history.end(begin(history, 'save'), outcome, outcome);
    expect(history.toText().match(/→ .*/g)).toEqual(['→ ok', '→ STORE_CLOSED']);
  });
});

function begin(history: History, op: string): Operation {
  return history.begin('A', op, id, '');
}

function end(history: History, operation: Operation, version: number, revision?: string): void {
  operation.version = version;
  operation.revision = revision;
  operation.nonce = revision;
  history.end(operation, 'ok', `v${version}`);
}
