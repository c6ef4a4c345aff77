// The engine as a function that is called with one event at a time, as AWS Lambda calls it.

import { encodeJson, InstanceId } from '@workflow-state/core';
import type { Engine } from './engine.js';

export type EngineEvent =
  | {
      readonly type: 'start';
      readonly workflow: string;
      readonly name: string;
      readonly input: Record<string, unknown>;
    }
  | { readonly type: 'event'; readonly instance: string; readonly event: string; readonly data?: unknown }
  | { readonly type: 'resume'; readonly instance: string }
  | { readonly type: 'cancel'; readonly instance: string }
  /** From a cron. */
  | { readonly type: 'tick' };

/** What is used of Lambda's second argument. */
export interface HandlerContext {
  getRemainingTimeInMillis(): number;
}

export type Handler = (event: EngineEvent, context: HandlerContext) => Promise<{ readonly instance?: string }>;

/** `reserve`: milliseconds that the longest step and its checkpoint take: with less left, none is begun. */
export function handlerOf(engine: Engine, reserve: number): Handler {
  return async (event, context) => {
    const hurry = (): boolean => context.getRemainingTimeInMillis() < reserve;
    switch (event.type) {
      case 'start': {
        const entries = Object.entries(event.input).map(([key, value]) => [key, encodeJson(value)] as const);
        return { instance: await engine.start(event.workflow, event.name, Object.fromEntries(entries), hurry) };
      }
      case 'event':
        await engine.send(InstanceId.parse(event.instance), event.event, encodeJson(event.data ?? null), hurry);
        return { instance: event.instance };
      case 'resume':
        await engine.resume(InstanceId.parse(event.instance), hurry);
        return { instance: event.instance };
      case 'cancel':
        await engine.cancel(InstanceId.parse(event.instance));
        return { instance: event.instance };
      case 'tick': {
        const failures = await engine.tick(hurry);
        if (failures.length > 0) throw new AggregateError(failures, `${failures.length} runs could not be taken on`);
        return {};
      }
    }
  };
}
