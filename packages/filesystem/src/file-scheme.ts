// `file:` in a store URL. A relative path stays relative to the working directory: the URL standard would silently make
// file:./state the root of the disk, so the text is read as it stands.

import { openStateStore, readParameters, StateStoreError, type StoreScheme, type StoreUrl } from '@workflow-state/core';
import { fileSystemBackend } from './filesystem-backend.js';

/** Opens `file:./state`, `file:state`, `file:/var/lib/state` and `file:///var/lib/state`, with `?durability=…&io=…`. */
export const fileScheme: StoreScheme = {
  scheme: 'file',
  async open(url, { options }) {
    const parameters = readParameters<{ durability: 'full' | 'process'; io: 'hybrid' | 'sync' | 'async' }>(url, {
      durability: oneOf('full', 'process'),
      io: oneOf('hybrid', 'sync', 'async'),
    });
    return openStateStore(fileSystemBackend({ directory: pathOf(url), ...parameters }), options);
  },
};

function pathOf({ location }: StoreUrl): string {
  const host = /^\/\/([^/]*)/.exec(location)?.[1];
  if (host !== undefined && host !== '' && host !== 'localhost') {
    throw refusal(
      `a file: URL names no host, got ${JSON.stringify(host)}`,
      `for a path from the root write file:///${host}/…, for one from the working directory file:./${host}/…`,
    );
  }
  const path = decode(host === undefined ? location : location.slice(2 + host.length));
  if (path === '' || path.includes('\0'))
    throw refusal('a file: URL names a directory', 'write file:./state or file:///var/lib/state');
  // A drive letter stands behind a slash in a URL, and not in a path.
  return /^\/[a-z]:(?:[/\\]|$)/i.test(path) && process.platform === 'win32' ? path.slice(1) : path;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw refusal('the path of a file: URL holds a % that begins no escape', 'write a percent sign as %25', error);
  }
}

function oneOf<T extends string>(...allowed: readonly T[]): (text: string, path: string) => T {
  return (text, path) => {
    const found = allowed.find((one) => one === text);
    if (found === undefined)
      throw refusal(`${path}: expected one of ${allowed.join(', ')}, got ${JSON.stringify(text)}`);
    return found;
  };
}

function refusal(message: string, remedy?: string, cause?: unknown): StateStoreError {
  return new StateStoreError('INVALID_ARGUMENT', message, {
    recoveryHints: remedy === undefined ? [] : [remedy],
    cause,
  });
}
