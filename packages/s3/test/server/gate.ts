// Holds requests until the test says which goes next and what befalls it, so that an interleaving of several actors is a
// sequence of choices instead of luck.
import { pass, type Fault, type RequestHandler } from './faults.js';
import type { RequestInfo } from './request-log.js';

export interface HeldRequest {
  readonly request: RequestInfo;
  /** Lets it go on, to be applied and answered or to meet a fault. */
  proceed(fault?: Fault): void;
}

export class Gate {
  /** In the order of arrival. */
  readonly held: HeldRequest[] = [];
  readonly #holds: (request: RequestInfo) => boolean;
  #open = false;
  #wake: (() => void)[] = [];

  /** Holds the requests for which `holds` is true; by default all. Pass its `handler` to `onRequest`. */
  constructor(holds: (request: RequestInfo) => boolean = () => true) {
    this.#holds = holds;
  }

  readonly handler: RequestHandler = (request) => {
    if (this.#open || !this.#holds(request)) return pass;
    return new Promise<Fault>((resolve) => {
      const held: HeldRequest = {
        request,
        proceed: (fault = pass) => {
          const index = this.held.indexOf(held);
          if (index < 0) throw new Error(`request ${request.number} has already gone on`);
          this.held.splice(index, 1);
          resolve(fault);
        },
      };
      this.held.push(held);
      for (const wake of this.#wake.splice(0)) wake();
    });
  };

  /** The first held request for which `which` is true; waits until there is one. */
  async next(which: (request: RequestInfo) => boolean = () => true): Promise<HeldRequest> {
    for (;;) {
      const held = this.held.find(({ request }) => which(request));
      if (held) return held;
      await this.arrival();
    }
  }

  /** The next time that a request is held. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  /** Lets go of all, and holds none from now on. */
  open(): void {
    this.#open = true;
    for (let held = this.held[0]; held; held = this.held[0]) held.proceed();
  }
}
