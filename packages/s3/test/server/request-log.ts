// What a test sees of a request: what was asked, and afterwards what became of it.
import type { Fault } from './faults.js';
import type { Answer } from './operations.js';
import type { S3Request } from './request.js';

export interface RequestInfo extends S3Request {
  /** Counts from 1, in the order of arrival. */
  readonly number: number;
  /** Whose request it is: the name given to `clientConfig`. */
  readonly actor: string | undefined;
}

export interface LoggedRequest extends RequestInfo {
  /** Nothing while the handler decides. */
  fault: Fault['kind'] | undefined;
  /** The status of each time that it was applied: none, one, or two for a duplicate. */
  readonly applied: number[];
  /** Nothing while it is under way. */
  answered: number | 'connection cut' | 'client gone' | undefined;
  /** As sent, with headers and body, when `answered` is a status. */
  answer: Answer | undefined;
}

/** A request of which something is still to come. */
export interface PendingRequest {
  readonly request: LoggedRequest;
  readonly kind: 'hang' | 'delayed' | 'delayedDuplicate';
  /**
   * `hang`: applies it unless that was done, and answers if the client is still there. `delayed` and
   * `delayedDuplicate`: applies it now. Returns the status with which it was applied: 200 or 204 if it took effect.
   */
  release(): number;
}

export function logEntry(request: S3Request, number: number): LoggedRequest {
  const actor = / actor\/(\S+)/.exec(` ${request.headers['user-agent'] ?? ''}`)?.[1];
  return { ...request, number, actor, fault: undefined, applied: [], answered: undefined, answer: undefined };
}
