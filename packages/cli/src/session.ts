// What every command is given: the stores it names, and the signal that ends it.

import { openStateStoreFromUrl, type StateStore } from '@workflow-state/core';
import { UsageError } from './exit.js';
import { shownLocation } from './location.js';
import { schemesWith } from './schemes.js';
import { note } from './terminal.js';

export interface GlobalOptions {
  readonly store?: string;
  readonly plugin: readonly string[];
  readonly debug?: boolean;
}

export interface OpenOptions {
  /** Said before the location, where there is more than one. */
  readonly name?: string;
  /** Whether a location that holds no store is made one. Default: it is refused. */
  readonly create?: boolean;
}

export class Session {
  /** Aborted by Ctrl-C, and once nobody reads the output any more. */
  readonly signal: AbortSignal;
  readonly #globals: GlobalOptions;
  readonly #stores: StateStore[] = [];

  constructor(globals: GlobalOptions, signal: AbortSignal) {
    this.#globals = globals;
    this.signal = signal;
  }

  /** The store that `--store` or the environment names. */
  open(options: OpenOptions = {}): Promise<StateStore> {
    const { store } = this.#globals;
    if (store === undefined || store === '')
      throw new UsageError('no store was named', 'give --store <url>, or set WORKFLOW_STATE_URL');
    return this.openUrl(store, options);
  }

  async openUrl(url: string, { name = 'store', create = false }: OpenOptions = {}): Promise<StateStore> {
    const schemes = await schemesWith(this.#globals.plugin);
    note(`${name}  ${shownLocation(url)}`);
    const store = await openStateStoreFromUrl(url, { schemes, create });
    this.#stores.push(store);
    return store;
  }

  async close(): Promise<void> {
    for (const store of this.#stores.splice(0).reverse()) if (!store.closed) await store.close();
  }
}
