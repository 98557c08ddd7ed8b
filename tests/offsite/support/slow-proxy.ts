import net from 'node:net';

export interface SlowProxy {
  readonly endpoint: string;
  /** What clients have sent so far. */
  readonly sentBytes: number;
  close(): Promise<void>;
}

/** A line to a server on loopback that lets so many bytes a second pass in each direction, all connections together. */
export async function slowProxy(target: string, bytesPerSecond: number): Promise<SlowProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<net.Socket>();
  let sentBytes = 0;
  const direction = () => {
    let freeAt = 0;
    return async (length: number) => {
      const now = performance.now();
      freeAt = Math.max(freeAt, now) + (length / bytesPerSecond) * 1_000;
      await new Promise((resolve) => setTimeout(resolve, freeAt - now));
    };
  };
  const up = direction();
  const down = direction();
  const forward = async (from: net.Socket, to: net.Socket, pass: (length: number) => Promise<void>, count: boolean) => {
    try {
      for await (const chunk of from) {
        const bytes = chunk as Buffer;
        await pass(bytes.length);
        if (count) sentBytes += bytes.length;
        to.write(bytes);
      }
      to.end();
    } catch {
      to.destroy();
    }
  };
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    void forward(client, upstream, up, true);
    void forward(upstream, client, down, false);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    get sentBytes() {
      return sentBytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
