// The store, wherever the URL says it is: nothing else in this example knows which backend it runs on.

import { openStateStoreFromUrl, type StateStore, type StateStoreOptions } from '@workflow-state/core';
import { fileScheme } from '@workflow-state/filesystem';
import { memoryScheme } from '@workflow-state/memory';

export function openStore(url: string, options: StateStoreOptions = {}): Promise<StateStore> {
  return openStateStoreFromUrl(url, { ...options, schemes: [fileScheme, memoryScheme] });
}
