// The store, wherever the URL says it is: nothing else in this example knows which backend it runs on.

import { openStateStoreFromUrl, type StateStore, type StateStoreOptions } from '@workflow-state/core';
import { fileScheme } from '@workflow-state/filesystem';
import { lruScheme } from '@workflow-state/lru-cache';
import { memoryScheme } from '@workflow-state/memory';
import { s3Scheme } from '@workflow-state/s3';

export function openStore(url: string, options: StateStoreOptions = {}): Promise<StateStore> {
  return openStateStoreFromUrl(url, { ...options, schemes: [fileScheme, s3Scheme, memoryScheme, lruScheme] });
}
