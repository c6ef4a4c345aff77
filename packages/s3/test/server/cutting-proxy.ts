// A proxy in front of a real server that can lose what passes through it. It forwards every request as it is, so
// signatures hold, and decides once the server has answered: what is lost then was applied.
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request: forwarded and answered, forwarded with its answer lost, or cut before it is forwarded. */
export type Fate = 'pass' | 'lost answer' | 'cut before';

export interface CuttingProxy {
  readonly endpoint: string;
  /** Method and path of every request, in the order of arrival. */
  readonly log: { readonly method: string; readonly path: string; readonly fate: Fate; status?: number }[];
  /** Asked for each request. Default: all pass. */
  decide: (request: { readonly number: number; readonly method: string; readonly path: string }) => Fate;
  close(): Promise<void>;
}

export async function startCuttingProxy(upstream: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(upstream);
  const server: Server = createServer((incoming, response) => {
    const { method = '', url: path = '' } = incoming;
    const fate = proxy.decide({ number: proxy.log.length + 1, method, path });
    const entry: CuttingProxy['log'][number] = { method, path, fate };
    proxy.log.push(entry);
    if (fate === 'cut before') return void incoming.socket.destroy();
    const outgoing = request({ hostname, port, method, path, headers: incoming.headers }, (answer: IncomingMessage) => {
      entry.status = answer.statusCode ?? 0;
      if (fate === 'pass') {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        return;
      }
      answer.resume();
      answer.on('end', () => incoming.socket.destroy());
    });
    outgoing.on('error', () => incoming.socket.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: CuttingProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log: [],
    decide: () => 'pass',
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
