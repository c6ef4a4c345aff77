// The faults that are made on the way, in front of a real server: answers that get lost, copies that arrive late. Requests
// are handed on byte by byte, Host included, so that their signatures stay valid.
import { Agent, createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pass, type Fault, type RequestHandler } from './faults.js';
import { receiveRequest, type S3Request } from './request.js';
import { logEntry, type LoggedRequest } from './request-log.js';

/** Those for which the server need not be in the know. */
export type FaultOnTheWay = Extract<
  Fault,
  { kind: 'pass' | 'cutBefore' | 'lostAfter' | 'delayed' | 'delayedDuplicate' }
>;

/** A copy that has yet to reach the server; `release` sends it, and resolves to its status there. */
export interface LateCopy {
  readonly request: LoggedRequest;
  release(): Promise<number>;
}

export class FaultProxy {
  /** In the order of arrival. */
  readonly log: LoggedRequest[] = [];
  readonly pending: LateCopy[] = [];
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server = createServer((message, response) => void this.#receive(message, response));
  readonly #sockets = new Set<Socket>();
  #handler: (...request: Parameters<RequestHandler>) => FaultOnTheWay | Promise<FaultOnTheWay> = () => pass;

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server.keepAliveTimeout = 0;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** As of the server in the process. */
  onRequest(handler: (...request: Parameters<RequestHandler>) => FaultOnTheWay | Promise<FaultOnTheWay>): void {
    this.#handler = handler;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#agent.destroy();
  }

  async #receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await receiveRequest(message);
    if (request === undefined) return;
    const logged = logEntry(request, this.log.length + 1);
    this.log.push(logged);
    const path = message.url ?? '';
    const forward = async (): Promise<Forwarded> => {
      const answer = await this.#forward(request, path);
      logged.applied.push(answer.status);
      return answer;
    };
    const later = (): void => {
      const copy: LateCopy = {
        request: logged,
        release: async () => {
          this.pending.splice(this.pending.indexOf(copy), 1);
          return (await forward()).status;
        },
      };
      this.pending.push(copy);
    };

    const fault = await this.#handler(logged);
    logged.fault = fault.kind;
    if (fault.kind === 'delayed' || fault.kind === 'delayedDuplicate') later();
    if (fault.kind === 'lostAfter') await forward();
    if (fault.kind !== 'pass' && fault.kind !== 'delayedDuplicate') {
      logged.answered = 'connection cut';
      response.destroy();
      return;
    }
    const { status, headers, body } = await forward();
    response.writeHead(status, headers);
    response.end(body);
    logged.answered = status;
  }

  #forward(request: S3Request, path: string): Promise<Forwarded> {
    const { hostname, port } = this.#target;
    const { method, headers, rawBody } = request;
    return new Promise((resolve, reject) => {
      const sent = sendRequest({ agent: this.#agent, hostname, port, method, path, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const { 'transfer-encoding': _, connection: __, ...kept } = answer.headers;
          resolve({ status: answer.statusCode ?? 0, headers: kept, body: Buffer.concat(chunks) });
        });
      });
      sent.on('error', reject);
      sent.end(rawBody);
    });
  }
}

interface Forwarded {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const proxy = new FaultProxy(target);
  await proxy.listen();
  return proxy;
}
