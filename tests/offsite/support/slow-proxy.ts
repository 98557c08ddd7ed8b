import net from 'node:net';

export interface SlowProxy {
  readonly endpoint: string;
  /** Resolves when clients have sent `holdAtBytes`: from then on nothing passes, in either direction, until `release()`. */
  readonly held: Promise<void>;
  release(): void;
  close(): Promise<void>;
}

/**
 * A line to a server on loopback that lets so many bytes a second pass in each direction, all connections together, and that
 * is dead at a given point: what happens in the middle of a transfer does not depend on how fast it is.
 */
export async function slowProxy(target: string, bytesPerSecond: number, holdAtBytes: number): Promise<SlowProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<net.Socket>();
  let sentBytes = 0;
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  let reached!: () => void;
  const held = new Promise<void>((resolve) => (reached = resolve));
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
        if (sentBytes < holdAtBytes) continue;
        reached();
        await released;
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
    held,
    release,
    async close() {
      release();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
