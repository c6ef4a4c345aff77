// `memory:` in a store URL: a space of its own for each store opened.

import { openStateStore, readParameters, StateStoreError, type StoreScheme } from '@workflow-state/core';
import { memoryBackend } from './memory-backend.js';

export const memoryScheme: StoreScheme = {
  scheme: 'memory',
  async open(url, { options }) {
    readParameters(url, {});
    if (url.location !== '') {
      throw new StateStoreError('INVALID_ARGUMENT', `memory: takes no location, got ${JSON.stringify(url.location)}`, {
        recoveryHints: ['write memory: alone', 'file: keeps state in a directory'],
      });
    }
    return openStateStore(memoryBackend(), options);
  },
};
