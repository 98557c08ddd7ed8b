import crypto from 'node:crypto';
import net from 'node:net';

/**
 * A port for a server that takes no port 0, or that starts again on the same one. Free, and free a moment later too: below those
 * that the system gives to whoever asks for any port, as each connection and most other tests do.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = crypto.randomInt(10_000, 32_000);
    if (await isFree(port)) return port;
  }
}

/** No two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer().on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
