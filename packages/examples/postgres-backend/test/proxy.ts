// A connection that can be cut at a chosen moment: TCP on this side, the server's socket on the other.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * What becomes of the next write. `request`: lost on its way there. `reply`: carried out, and its answer lost.
 * `late`: the client's connection breaks, and the request waits in between until `deliver` is called.
 */
export type Cut = 'request' | 'reply' | 'late';

export interface Proxy {
  readonly host: string;
  readonly port: number;
  cutNext(how: Cut): void;
  /** Hands on the request that was kept, and resolves once the server has answered it. */
  deliver(): Promise<void>;
  close(): void;
}

const WRITE = /INSERT|UPDATE/;

export async function startProxy(socketPath: string): Promise<Proxy> {
  let next: Cut | undefined;
  let kept: { readonly server: Socket; readonly request: Buffer } | undefined;
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(socketPath);
    for (const socket of [client, server]) sockets.add(socket.on('error', () => {}));
    client.on('close', () => kept?.server === server || server.destroy());
    server.on('close', () => client.destroy());
    let silent = false;
    client.on('data', (request) => {
      const how = WRITE.test(request.toString('latin1')) ? next : undefined;
      if (how !== undefined) next = undefined;
      silent = how === 'reply';
      if (how === 'late') kept = { server, request };
      if (how === 'request' || how === 'late') client.destroy();
      else server.write(request);
    });
    server.on('data', (reply) => {
      if (silent) client.destroy();
      else if (!client.destroyed) client.write(reply);
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    cutNext(how) {
      next = how;
    },
    async deliver() {
      if (kept === undefined) throw new Error('no request was kept');
      const { server, request } = kept;
      server.write(request);
      await once(server, 'data');
      server.destroy();
    },
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
