// An S3 server inside the test process: one bucket in memory, spoken to over HTTP by the real SDK. It exists for what no
// real server does on demand: a profile says how the store treats conditions, a handler decides what befalls each
// request. Signatures are not checked; what the backend does not send is answered 501 rather than guessed at.
// Must stay true: a request takes effect in one synchronous step, after its handler has decided.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Bucket } from './bucket.js';
import { S3Error } from './errors.js';
import { pass, type Fault, type RequestHandler } from './faults.js';
import { apply, errorAnswer, type Answer, type PartialFailure, type ServerState } from './operations.js';
import { profiles, type Profile, type ProfileName } from './profile.js';
import { receiveRequest, type Operation, type S3Request } from './request.js';
import { logEntry, type LoggedRequest, type PendingRequest } from './request-log.js';

export interface S3ServerOptions {
  /** Default `aws`. */
  readonly profile?: ProfileName | Profile;
  /** Default `test-bucket`; any other is answered NoSuchBucket. */
  readonly bucket?: string;
  /** Default `us-east-1`; requests signed for another one are answered PermanentRedirect. */
  readonly region?: string;
  /** For Date and LastModified, in milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
  /** Upper limit of keys per page of a listing. Default 1000. */
  readonly pageSize?: number;
}

/** What `new S3Client` needs to reach the server. Retries, time-outs and checksums are the caller's choice. */
export interface ClientConfig {
  endpoint: string;
  region: string;
  forcePathStyle: true;
  credentials: { accessKeyId: string; secretAccessKey: string };
  customUserAgent?: [string, string][];
}

export class S3Server {
  readonly bucket: Bucket;
  readonly profile: Profile;
  readonly region: string;
  /** Upper limit of keys per page of a listing; may be changed at any time. */
  pageSize: number;
  /** In the order of arrival. */
  readonly log: LoggedRequest[] = [];
  /** Requests that hang and copies that are under way, in the order of arrival. */
  readonly pending: PendingRequest[] = [];

  readonly #clock: () => number;
  readonly #server = createServer((message, response) => void this.#receive(message, response));
  readonly #sockets = new Set<Socket>();
  /** Of requests that arrived since the last reset. */
  #unanswered = new Set<ServerResponse>();
  #handler: RequestHandler = () => pass;

  constructor(options: S3ServerOptions) {
    const {
      profile = 'aws',
      bucket = 'test-bucket',
      region = 'us-east-1',
      clock = Date.now,
      pageSize = 1000,
    } = options;
    this.bucket = new Bucket(bucket);
    this.profile = typeof profile === 'string' ? profiles[profile] : profile;
    this.region = region;
    this.#clock = clock;
    this.pageSize = pageSize;

    // a connection that is idle stays open: cuts are for the test to make
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** For a client whose requests carry the name of an actor, which the handler and the log see. */
  clientConfig(actor?: string): ClientConfig {
    return {
      endpoint: this.endpoint,
      region: this.region,
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      ...(actor === undefined ? {} : { customUserAgent: [['actor', actor]] }),
    };
  }

  /** Called once for each request, in the order of arrival, in place of the handler before. None: all pass. */
  onRequest(handler: RequestHandler = () => pass): void {
    this.#handler = handler;
  }

  /** Requests in the log, of one operation or of all. */
  count(operation?: Operation): number {
    return this.log.filter((request) => operation === undefined || request.operation === operation).length;
  }

  /** Empties the log; the next request has number 1. */
  clearLog(): void {
    this.log.length = 0;
  }

  /** Releases what is pending, in the order of arrival, and returns the status that each was applied with. */
  releaseAll(): number[] {
    return [...this.pending].map((pending) => pending.release());
  }

  /** As new: no objects, log, handler or pending requests. What is under way is cut and never applied. */
  reset(): void {
    this.bucket.clear();
    this.clearLog();
    this.pending.length = 0;
    this.onRequest();
    // only these: a client that finds an idle connection closed would see a fault that nobody asked for
    for (const response of this.#unanswered) response.destroy();
    this.#unanswered = new Set();
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await receiveRequest(message);
    if (request === undefined) return;
    const logged = logEntry(request, this.log.length + 1);
    this.log.push(logged);
    const unanswered = this.#unanswered;
    unanswered.add(response);
    response.on('close', () => {
      unanswered.delete(response);
      logged.answered ??= 'client gone';
    });
    try {
      const fault = await this.#handler(logged);
      if (unanswered !== this.#unanswered) return; // reset meanwhile
      logged.fault = fault.kind;
      this.#meet(fault, { request, logged, response });
    } catch (error) {
      // of the handler, or a fault of ours: no test should pass over it
      response.destroy();
      throw error;
    }
  }

  #meet(fault: Fault, exchange: Exchange): void {
    switch (fault.kind) {
      case 'pass':
        return this.#answer(exchange, this.#apply(exchange));
      case 'partial':
        return this.#answer(exchange, this.#apply(exchange, fault.failure));
      case 'cutBefore':
        return cut(exchange);
      case 'lostAfter':
        this.#apply(exchange);
        return cut(exchange);
      case 'error':
        if (fault.applied) this.#apply(exchange);
        return this.#answer(exchange, errorAnswer(new S3Error(fault.code)));
      case 'delayed':
        this.#hold('delayed', exchange, () => this.#apply(exchange));
        return cut(exchange);
      case 'delayedDuplicate':
        this.#hold('delayedDuplicate', exchange, () => this.#apply(exchange));
        return this.#answer(exchange, this.#apply(exchange));
      case 'hang': {
        const early = fault.applied ? this.#apply(exchange) : undefined;
        return this.#hold('hang', exchange, () => {
          const answer = early ?? this.#apply(exchange);
          if (exchange.logged.answered === undefined) this.#answer(exchange, answer);
          return answer;
        });
      }
      default:
        return fault satisfies never;
    }
  }

  #hold(kind: PendingRequest['kind'], { logged }: Exchange, proceed: () => Answer): void {
    const pending: PendingRequest = {
      request: logged,
      kind,
      release: () => {
        const index = this.pending.indexOf(pending);
        if (index < 0) throw new Error(`request ${logged.number} is not pending any more`);
        this.pending.splice(index, 1);
        return proceed().status;
      },
    };
    this.pending.push(pending);
  }

  #apply({ request, logged }: Exchange, partial?: PartialFailure): Answer {
    const { bucket, profile, region, pageSize } = this;
    const state: ServerState = { bucket, profile, region, pageSize, clock: this.#clock };
    const answer = apply(state, request, partial);
    logged.applied.push(answer.status);
    return answer;
  }

  #answer({ request, logged, response }: Exchange, answer: Answer): void {
    const empty = request.method === 'HEAD' || answer.status === 204 || answer.status === 304;
    response.writeHead(answer.status, {
      date: new Date(this.#clock()).toUTCString(),
      'x-amz-request-id': String(logged.number),
      ...answer.headers,
      ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': Buffer.byteLength(answer.body) }),
    });
    response.end(empty ? undefined : answer.body);
    logged.answered = answer.status;
    logged.answer = answer;
  }
}

/** A request, its entry in the log, and where its answer goes. */
interface Exchange {
  readonly request: S3Request;
  readonly logged: LoggedRequest;
  readonly response: ServerResponse;
}

function cut({ logged, response }: Exchange): void {
  logged.answered = 'connection cut';
  response.destroy();
}

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = new S3Server(options);
  await server.listen();
  return server;
}
