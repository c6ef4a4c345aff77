// What can befall one request on its way, and the list of it all for tests that go through every fault at every
// request. A fault hits one request; a retry by the SDK is a new request with a number of its own.
import type { ErrorCode } from './errors.js';
import type { PartialFailure } from './operations.js';
import type { RequestInfo } from './request-log.js';

export type Fault =
  /** Applied and answered. */
  | { readonly kind: 'pass' }
  /** Never applied; the connection is cut. */
  | { readonly kind: 'cutBefore' }
  /** Applied; the connection is cut in place of the answer. */
  | { readonly kind: 'lostAfter' }
  /** Answered with this error, whether applied or not. */
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly applied: boolean }
  /** Not answered before the test releases it or the client gives up; applied at once, or when released. */
  | { readonly kind: 'hang'; readonly applied: boolean }
  /** The connection is cut now; applied when the test releases it: a copy that is still under way. */
  | { readonly kind: 'delayed' }
  /** Applied and answered; applied once more when the test releases it. */
  | { readonly kind: 'delayedDuplicate' }
  /** DeleteObjects: these keys fail, the others are deleted, the status is 200. */
  | { readonly kind: 'partial'; readonly failure: PartialFailure };

export const pass = { kind: 'pass' } as const satisfies Fault;

/** Decides what befalls a request. The request waits as long as the promise does. */
export type RequestHandler = (request: RequestInfo) => Fault | Promise<Fault>;

/** The request with this number meets the fault, all others pass. */
export function faultAt<F extends Fault>(number: number, fault: F): (request: RequestInfo) => F | typeof pass {
  return (request) => (request.number === number ? fault : pass);
}

/** The first `times` requests for which `which` is true meet the fault. */
export function faultWhere<F extends Fault>(
  which: (request: RequestInfo) => boolean,
  fault: F,
  times = 1,
): (request: RequestInfo) => F | typeof pass {
  let left = times;
  return (request) => (left > 0 && which(request) && left-- > 0 ? fault : pass);
}

export interface NamedFault {
  readonly name: string;
  readonly fault: Fault;
}

/**
 * Every fault that can befall this request; their names are unique. Take the request from the log of a run without
 * faults, and run again once for each.
 */
export function faultsOf(request: Pick<RequestInfo, 'operation' | 'headers'>): readonly NamedFault[] {
  const { operation, headers } = request;
  const writes = operation === 'PutObject' || operation === 'DeleteObject' || operation === 'DeleteObjects';
  const conditional = headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;
  const error = (code: ErrorCode, applied = false): Fault => ({ kind: 'error', code, applied });

  const always: NamedFault[] = [
    { name: 'cut before', fault: { kind: 'cutBefore' } },
    { name: 'lost after', fault: { kind: 'lostAfter' } },
    { name: '500', fault: error('InternalError') },
    { name: '503', fault: error('SlowDown') },
    { name: 'hang', fault: { kind: 'hang', applied: false } },
  ];
  const onWrites: NamedFault[] = [
    { name: '500 applied', fault: error('InternalError', true) },
    { name: '503 applied', fault: error('ServiceUnavailable', true) },
    { name: 'hang applied', fault: { kind: 'hang', applied: true } },
    { name: 'delayed', fault: { kind: 'delayed' } },
    { name: 'delayed duplicate', fault: { kind: 'delayedDuplicate' } },
  ];
  const onConditions: NamedFault[] = [{ name: '409', fault: error('ConditionalRequestConflict') }];
  const onBatches: NamedFault[] = [
    { name: 'partial: all keys', fault: { kind: 'partial', failure: () => 'InternalError' } },
    { name: 'partial: every other key', fault: { kind: 'partial', failure: everyOther() } },
  ];
  return [
    ...always,
    ...(writes ? onWrites : []),
    ...(writes && conditional ? onConditions : []),
    ...(operation === 'DeleteObjects' ? onBatches : []),
  ];
}

function everyOther(): PartialFailure {
  let count = 0;
  return () => (count++ % 2 === 0 ? 'SlowDown' : undefined);
}
