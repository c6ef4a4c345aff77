// <root>/format says that a directory is a store, and which layout it has. It is written last, atomically, once
// everything it promises is there and lasts; so it is whole or absent, and two who open a new directory both succeed.

import { StateStoreError } from '@workflow-state/core/backend';
import { writeCandidate } from './candidate.js';
import { call, discard, link, type Steps } from './file-ops.js';
import type { Layout } from './layout.js';
import { freshNonce, type Volume } from './volume.js';

const PRODUCT = 'workflow-state filesystem';
const FORMAT = 1;
const LINE = /^workflow-state filesystem (\d{1,9})\n?$/;

/** Another process may have been first. */
export function* writeFormat(volume: Volume): Steps<void> {
  const { layout } = volume;
  const path = `${layout.root}/.format.${freshNonce()}`;
  try {
    yield* writeCandidate(volume, path, new TextEncoder().encode(`${PRODUCT} ${FORMAT}\n`));
    yield* link(path, layout.format);
  } finally {
    yield* discard(path);
  }
}

/** @throws `UNSUPPORTED_FORMAT` for a later layout, `INVALID_ARGUMENT` for another product's file. */
export function* checkFormat({ root, format }: Layout): Steps<void> {
  const handle = yield* call('open', format);
  const bytes = new Uint8Array(64);
  let length: number;
  try {
    length = yield* call('read', handle, bytes, 0);
  } finally {
    yield* call('close', handle);
  }
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  const found = LINE.exec(text)?.[1];
  if (found === undefined) {
    throw new StateStoreError(
      'INVALID_ARGUMENT',
      `${format} does not say ${JSON.stringify(`${PRODUCT} ${FORMAT}`)}: ${root} is not a store, or was damaged`,
      {
        recoveryHints: [
          'choose another directory',
          `if it is a store, restore that file: one line, ${JSON.stringify(`${PRODUCT} ${FORMAT}`)}`,
        ],
      },
    );
  }
  if (Number(found) !== FORMAT) {
    throw new StateStoreError(
      'UNSUPPORTED_FORMAT',
      `${root} has layout ${found}, this release reads layout ${FORMAT}`,
      {
        recoveryHints: ['use the release that wrote it, or a later one'],
      },
    );
  }
}
