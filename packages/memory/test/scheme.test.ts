import { newWorkflowState, openStateStoreFromUrl } from '@workflow-state/core';
import { describe, expect, it } from 'vitest';
import { memoryScheme } from '../src/index.js';

const open = (url: string) => openStateStoreFromUrl(url, { schemes: [memoryScheme] });

describe('memory: in a URL', () => {
  it('is a space of its own for each store', async () => {
    const [one, two] = [await open('memory:'), await open('memory:')];
    const { instanceId } = await one.save(
      newWorkflowState({ workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's' }),
    );
    expect(await one.count()).toBe(1);
    expect(await two.find(instanceId)).toBeUndefined();
  });

  it('takes neither a location nor parameters, and says what would', async () => {
    await expect(open('memory:./state')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('memory: takes no location, got "./state"'),
      recoveryHints: ['write memory: alone', 'file: keeps state in a directory'],
    });
    await expect(open('memory:?max=3')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
