// What a worker tells its supervisor over the channel between them.

import type { InstanceId, StatusKind } from '@workflow-state/core';
import type { Position } from './engine.js';

export type WorkerMessage =
  | {
      readonly type: 'started';
      readonly run: InstanceId;
      readonly resumed: boolean;
      readonly checkpoint: number;
    }
  /** Before each task. The worker goes on when it is answered: so a kill instead of an answer hits that very moment. */
  | { readonly type: 'working'; readonly position: Position }
  /** A save was acknowledged. */
  | { readonly type: 'saved'; readonly durationMs: number; readonly bytes: number }
  | { readonly type: 'ended'; readonly status: StatusKind }
  /** Another process has gone on with this run. */
  | { readonly type: 'superseded' };
