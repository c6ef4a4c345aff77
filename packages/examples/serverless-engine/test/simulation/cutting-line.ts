// A line to a server that is cut now and then in the middle of a request: before any of it has passed, when half of it
// has, or when all of it has and the server has answered, so that what was done is not known. Bytes pass as they are.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingLine {
  readonly endpoint: string;
  /** Requests that came, and those that were cut off. */
  readonly counts: { requests: number; cut: number };
  close(): Promise<void>;
}

/** Cuts one request of `every`. */
export async function cuttingLine(upstream: string, every: number): Promise<CuttingLine> {
  const { hostname, port } = new URL(upstream);
  const counts = { requests: 0, cut: 0 };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const remote = connect({ host: hostname, port: Number(port), noDelay: true });
    const both = [client, remote];
    const cut = (): void => both.forEach((socket) => socket.destroy());
    let losesAnswer = false;
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (bytes) => {
      if (/^(?:GET|PUT|POST|HEAD|DELETE) /.test(bytes.toString('latin1', 0, 8)) && ++counts.requests % every === 0) {
        counts.cut++;
        if (counts.cut % 3 === 0) return cut();
        if (counts.cut % 3 === 1) return void remote.write(bytes.subarray(0, bytes.length / 2), cut);
        losesAnswer = true;
      }
      remote.write(bytes);
    });
    remote.on('data', (bytes) => (losesAnswer ? cut() : client.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
