import { newWorkflowState, openStateStore, type StateStore, type WorkflowStateInput } from '@workflow-state/core';
import type { StateBackend } from '@workflow-state/core/backend';
import { memoryBackend } from '@workflow-state/memory';
import type { ClaimOptions } from '../src/index.js';

export function run(over: Partial<WorkflowStateInput> = {}): WorkflowStateInput {
  const version = { major: 1, minor: 0, patch: 0 };
  return { ...newWorkflowState({ workflowId: 'test', version, currentStage: 'work' }), ...over };
}

/** One true time, and hosts whose clocks show it with an error. */
export class Time {
  now = Date.UTC(2026, 0, 1);

  host(owner: string, error = 0): ClaimOptions & { error: number } {
    const options = {
      owner,
      for: { seconds: 30 },
      maxClockSkew: { seconds: 1 },
      error,
      clock: () => this.now + options.error,
      monotonic: () => this.now,
    };
    // The error can be changed later, and is no option.
    Object.defineProperty(options, 'error', { enumerable: false });
    return options;
  }
}

export async function openMemory(
  wrap: (backend: StateBackend) => StateBackend = (backend) => backend,
): Promise<StateStore> {
  return openStateStore(wrap(memoryBackend()));
}

/** Calls of a store, in their order. */
export function counting(store: StateStore): { readonly store: StateStore; readonly calls: string[] } {
  const calls: string[] = [];
  const counted = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        calls.push(String(name));
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  return { store: counted, calls };
}
