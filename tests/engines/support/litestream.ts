import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const LITESTREAM = path.join(__dirname, '../servers/node_modules/@flydotio/litestream-linux-x64/litestream');

/** A real litestream 0.3.13 that ships one database's WAL to a folder. */
export class Litestream {
  readonly #database: string;
  readonly #config: string;
  #child: ChildProcess | undefined;

  constructor(database: string, folder: string) {
    this.#database = database;
    this.#config = path.join(folder, 'litestream.yml');
    const replica = { type: 'file', path: path.join(folder, 'replica'), 'sync-interval': '100ms' };
    fs.mkdirSync(folder, { recursive: true });
    // JSON is YAML.
    fs.writeFileSync(this.#config, JSON.stringify({ dbs: [{ path: database, replicas: [replica] }] }));
  }

  run(): void {
    this.#child ??= spawn(LITESTREAM, ['replicate', '-config', this.#config], { stdio: 'ignore' });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  /** Each is a snapshot with the WAL that followed it; a gap in the WAL begins a new one. */
  async generations(): Promise<string[]> {
    const lines = (await this.#ask('generations', this.#database)).trim().split('\n').slice(1);
    return lines.map((line) => line.split(/\s+/)[1]!);
  }

  /** Makes the newest state that it can, as a new file. */
  async restore(file: string): Promise<void> {
    await this.#ask('restore', '-o', file, this.#database);
  }

  async #ask(command: string, ...args: string[]): Promise<string> {
    return (await promisify(execFile)(LITESTREAM, [command, '-config', this.#config, ...args])).stdout;
  }
}
