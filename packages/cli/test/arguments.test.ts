import { newWorkflowState, InstanceId, openStateStore } from '@workflow-state/core';
import { memoryBackend } from '@workflow-state/memory';
import { describe, expect, it } from 'vitest';
import { durationOf, positiveInteger } from '../src/arguments.js';
import { instanceOf } from '../src/instance.js';

describe('a duration', () => {
  it.each([
    ['30d', 2_592_000_000],
    ['12h', 43_200_000],
    ['1.5h', 5_400_000],
    ['90 s', 90_000],
    ['2 weeks', 1_209_600_000],
  ])('%s is understood', (text, milliseconds) => {
    expect(durationOf(text)).toBe(milliseconds);
  });

  it.each(['30', '-3d', 'd', '', 'soon', '3 fortnights', '1d12h', '1e3d', 'Infinity'])('%s is refused', (text) => {
    expect(() => durationOf(text)).toThrow('30d');
  });
});

it.each(['0', '-1', '1.5', '', 'x', '1e3', '99999999999999999999'])('%s is no limit', (text) => {
  expect(() => positiveInteger(text)).toThrow('whole number');
});

describe('the beginning of an id', () => {
  const signal = new AbortController().signal;
  const storeWith = async (...ids: readonly string[]) => {
    const store = await openStateStore(memoryBackend());
    for (const id of ids) {
      const version = { major: 1, minor: 0, patch: 0 };
      await store.save(
        newWorkflowState({ instanceId: InstanceId.parse(id), workflowId: 'w', version, currentStage: 'a' }),
      );
    }
    return store;
  };
  const [zero, low, high] = ['0'.repeat(32), `00ab${'0'.repeat(28)}`, 'f'.repeat(32)];

  it('finds the only instance that begins so: the first, one between, and the last', async () => {
    const store = await storeWith(zero, low, high);
    expect(await instanceOf(store, '00A', signal)).toBe(low);
    expect(await instanceOf(store, '00-0', signal)).toBe(zero);
    expect(await instanceOf(store, 'f', signal)).toBe(high);
  });

  it('is refused where several begin so, and absent where none does', async () => {
    const store = await storeWith(zero, low, high);
    await expect(instanceOf(store, '00', signal)).rejects.toThrow(/two instances: 00000000, 00ab0000/);
    await expect(instanceOf(store, 'e', signal)).rejects.toThrow('no instance begins with e');
    await expect(instanceOf(store, 'order-1', signal)).rejects.toThrow('no instance id');
    await expect(instanceOf(store, `${high}0`, signal)).rejects.toThrow('no instance id');
  });

  it('that is a whole id, or a UUID, is not looked for', async () => {
    const store = await storeWith();
    expect(await instanceOf(store, high.toUpperCase(), signal)).toBe(high);
    expect(await instanceOf(store, 'ffffffff-ffff-ffff-ffff-ffffffffffff', signal)).toBe(high);
  });
});
