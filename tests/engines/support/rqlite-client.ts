import { setTimeout as sleep } from 'node:timers/promises';
import type { RqliteCluster } from './rqlite-cluster';

const PATIENCE_MS = 60_000;

interface Result {
  readonly error?: string;
  readonly values?: readonly (readonly unknown[])[];
}

/** Writes to and asks a cluster as an app does: whichever node answers. */
export class RqliteClient {
  constructor(
    private readonly cluster: Pick<RqliteCluster, 'urls'>,
    private readonly headers: Record<string, string> = {},
  ) {}

  /** Resolves when the commit is acknowledged. An error of SQLite is thrown; a cluster in trouble is waited for. */
  async execute(...statements: (string | readonly unknown[])[]): Promise<void> {
    await this.#insist('/db/execute?transaction', statements);
  }

  async ask(sql: string): Promise<unknown> {
    return (await this.#insist('/db/query?level=strong', [sql])).values?.[0]?.[0];
  }

  /** One try at one node. `false`: not acknowledged, so that nobody knows whether it was done. */
  async tryOnce(node: number, statements: readonly unknown[]): Promise<boolean> {
    try {
      return (await this.#post(this.cluster.urls[node]!, '/db/execute', statements)) !== undefined;
    } catch {
      return false;
    }
  }

  async #insist(path: string, statements: readonly unknown[]): Promise<Result> {
    const until = Date.now() + PATIENCE_MS;
    for (let i = 0; ; i++) {
      const url = this.cluster.urls[i % this.cluster.urls.length]!;
      const result = await this.#post(url, path, statements).catch(() => undefined);
      if (result?.error !== undefined) throw new Error(result.error);
      if (result) return result;
      if (Date.now() > until) throw new Error(`no answer to ${JSON.stringify(statements)}`);
      await sleep(50);
    }
  }

  /** `undefined`: the cluster, not SQLite, has refused. */
  async #post(url: string, path: string, statements: readonly unknown[]): Promise<Result | undefined> {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: { ...this.headers, 'content-type': 'application/json' },
      body: JSON.stringify(statements),
      signal: AbortSignal.timeout(5_000),
    });
    if (answer.status !== 200) return undefined;
    const { error, results } = (await answer.json()) as { error?: string; results?: Result[] };
    if (error !== undefined || !results) return undefined;
    return results.find((result) => result.error !== undefined) ?? results[0] ?? {};
  }
}
