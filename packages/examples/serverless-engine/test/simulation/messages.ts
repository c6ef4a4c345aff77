// What the simulation and its workers tell each other.
import type { StatusKind } from '@workflow-state/core';
import type { EngineEvent } from '../../src/handler.js';

/** Of the timetable. */
export const PAGES = 4;

export interface WorkerSettings {
  readonly url: string;
  readonly reportUrl: string;
  readonly lease: number;
  readonly maxClockSkew: number;
  /** `false`: saves ignore the revision. What the simulation is there to catch. */
  readonly fenced: boolean;
}

/** To a worker. `steps`: how many it has time for. */
export type Order =
  | { readonly type: 'event'; readonly event: EngineEvent; readonly steps: number }
  | { readonly type: 'go on' };

/** From a worker. */
export type News =
  | { readonly type: 'ready' }
  /** Before each step; it goes on when told so. */
  | { readonly type: 'working'; readonly run: string; readonly step: string }
  /** A checkpoint was acknowledged, and the ledger in it was that long and ended with that entry. */
  | {
      readonly type: 'stored';
      readonly run: string;
      readonly status: StatusKind;
      readonly length: number;
      readonly entry: string;
    }
  /** `error`: its code, where the event has to be delivered again. */
  | { readonly type: 'done'; readonly error?: string };
