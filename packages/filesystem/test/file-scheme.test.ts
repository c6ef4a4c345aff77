import { InstanceId, newWorkflowState, openStateStoreFromUrl } from '@workflow-state/core';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileScheme } from '../src/index.js';
import { freshDirectory } from './support/place.js';

const open = (url: string) => openStateStoreFromUrl(url, { schemes: [fileScheme] });

describe('file:', () => {
  it('opens absolute and relative paths, the latter from the working directory', async () => {
    const parent = freshDirectory();
    const here = relative(process.cwd(), parent);
    for (const [url, directory] of [
      [`file:${parent}/a`, 'a'],
      [`file://${parent}/b`, 'b'],
      [`file://localhost${parent}/c`, 'c'],
      [`file:${here}/d`, 'd'],
      [`file:./${here}/e`, 'e'],
      [`FILE:${parent}/f%20g%23?durability=process&io=async`, 'f g#'],
    ] as const) {
      const store = await open(url);
      expect(existsSync(join(parent, directory, 'format'))).toBe(true);
      expect(store.capabilities.durability).toBe(url.includes('process') ? 'process' : 'power-loss');
      const saved = await store.save(
        newWorkflowState({
          workflowId: 'w',
          version: { major: 1, minor: 0, patch: 0 },
          currentStage: 's',
          instanceId: InstanceId.generate(),
        } as never),
      );
      expect((await store.load(saved.instanceId)).checkpointVersion).toBe(1);
      await store.close();
    }
  });

  it.each([
    ['file:', /names a directory/],
    ['file://', /names a directory/],
    ['file://host/state', /"host"/],
    ['file://./state', /"\."/],
    ['file:./a%', /%/],
    ['file:./a%00b', /names a directory/],
    ['file:./a?durability=most', /full, process/],
    ['file:./a?io=fast', /hybrid, sync, async/],
    ['file:./a?mode=777', /durability, io/],
    ['file:./a?io=async&io=async', /once/],
  ])('refuses %s', async (url, message) => {
    await expect(open(url)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });
});
