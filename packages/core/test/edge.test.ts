// Core on an edge runtime: no `process`, no `Buffer`, no eval, no Node module; only what the web platform has.

import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

it('saves and loads where there is no process and eval is disabled', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { openStateStore, newWorkflowState, InstanceId, encodeJson, enterStage } from './src/index.ts';
        import { fakeBackend } from './test/fake-backend.ts';
        globalThis.main = async () => {
          const store = await openStateStore(fakeBackend());
          const instanceId = await InstanceId.fromName('order', '4711');
          const first = await store.save(newWorkflowState({ instanceId, workflowId: 'w', version: { major: 1, minor: 0, patch: 0 }, currentStage: 's', state: { a: encodeJson([1]) } }));
          const second = await store.save(enterStage(first, 't'));
          const conflict = await store.save(enterStage(first, 'u')).catch((error) => error.code);
          const loaded = await store.load(instanceId);
          const ids = [];
          for await (const id of store.listByStatus('running')) ids.push(id);
          await store.close();
          return JSON.stringify([loaded.checkpointVersion, loaded.revision === second.revision, conflict, ids, typeof process, typeof Buffer]);
        };`,
      resolveDir: new URL('..', import.meta.url).pathname,
    },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'neutral',
    conditions: ['@workflow-state/source'],
    alias: { '@workflow-state/core/backend': './src/state-backend.ts' },
  });
  const context = createContext(
    {
      crypto,
      TextEncoder,
      TextDecoder,
      AbortSignal,
      setTimeout,
      clearTimeout,
      performance,
      URLSearchParams,
      queueMicrotask,
      Uint8Array,
    },
    { codeGeneration: { strings: false, wasm: false } },
  );
  runInContext(outputFiles[0]?.text ?? '', context);
  const result = (await runInContext('main()', context)) as string;
  expect(JSON.parse(result)).toEqual([
    2,
    true,
    'CHECKPOINT_CONFLICT',
    ['1b76e17a79c762db89bf3be57fbe3053'],
    'undefined',
    'undefined',
  ]);
});
