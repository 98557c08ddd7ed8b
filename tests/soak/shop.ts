import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import http from 'node:http';
import path from 'node:path';

const { TOKEN } = require('./settings.js') as { TOKEN: string };

/** The demo's shop as a cluster of `size` workers on one port. */
export class Shop {
  private address = '';
  private readonly replaced = new Set<Worker>();
  failed: Error | undefined;

  constructor(
    private readonly folder: string,
    private readonly size: number,
  ) {}

  async open(): Promise<void> {
    // Each worker accepts for itself: a connection that the primary handed to one just killed would wait for ever.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({ exec: path.join(__dirname, 'worker.js'), execArgv: [] });
    for (let i = 0; i < this.size; i++) await this.add();
  }

  get workers(): readonly Worker[] {
    return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  }

  /** The process id of the first worker, which stays to the end: what leaks in an app grows in it. */
  get veteran(): number {
    return this.workers[0]!.process.pid!;
  }

  /** A rolling restart: a new worker takes requests before the oldest one but the veteran is ended. */
  async replaceOldest(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const [, oldest] = this.workers;
    await this.add();
    await this.end(oldest!, signal);
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => this.end(worker, 'SIGTERM')));
  }

  /** @returns `undefined` where no answer came: the worker was killed, and whether it was done is not known */
  async send(method: string, url: string, body?: unknown): Promise<{ status: number; body: unknown } | undefined> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
      const request = http.request(this.address + url, { method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('error', () => resolve(undefined));
        response.on('aborted', () => resolve(undefined));
        response.on('end', () => {
          resolve({ status: response.statusCode!, body: text === '' ? undefined : JSON.parse(text) });
        });
      });
      request.on('error', () => resolve(undefined));
      // Bounds what hangs; no answer is as good as any.
      request.setTimeout(120_000, () => request.destroy());
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  private async add(): Promise<void> {
    const worker = cluster.fork({ SOAK_FOLDER: this.folder });
    worker.on('exit', (code, signal) => {
      if (!this.replaced.has(worker)) this.failed = new Error(`A worker has ended by itself: ${code} ${signal}`);
    });
    const { address } = await new Promise<{ address: string }>((resolve, reject) => {
      worker.once('message', resolve).once('exit', () => reject(new Error('A worker did not start.')));
    });
    this.address = address;
  }

  private async end(worker: Worker, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.replaced.add(worker);
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    process.kill(worker.process.pid!, signal);
    await ended;
  }
}
