import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { BackupService, childProcessSnapshotter, verdict } from 'sqlite-autobackup';
import type { Backup, BackupServiceOptions, DatabaseFacts, ServiceStatus, Snapshotter } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { SHOP } from '../support/recovering';

/** What must be bounded ends far below this, also on a busy machine. */
const TIMEOUT = '60s';

export interface Place {
  /** The folder of the database and of its backups. */
  readonly folder: string;
  readonly database: string;
  /** Files that are nobody's business: what links in the folder point to. */
  readonly outside: string;
  readonly service: BackupService;
  /** A good one, taken of the shop. */
  readonly backup: Backup;
  file(name: string): string;
  /** Puts the folder back to what it was at first. */
  reset(): void;
  /** @throws if anything outside the folder was changed, or was added */
  checkOutside(): void;
}

/** A small shop with one good backup, beside files that must stay as they are. */
export async function openShop(root: string, options: Partial<BackupServiceOptions> = {}): Promise<Place> {
  const folder = path.join(root, 'shop');
  const outside = path.join(root, 'outside');
  for (const each of [folder, outside]) fs.mkdirSync(each);
  const database = path.join(folder, 'app.db');
  fillShop(database);
  fillShop(path.join(outside, 'app.db'));
  fs.writeFileSync(path.join(outside, 'secret.json'), JSON.stringify({ label: 'outside', token: 'TOP-SECRET' }));
  const service = new BackupService({
    ...{ database, logger: memoryLogger(), timeout: TIMEOUT, snapshotter: looksOnce() },
    ...options,
  });
  const backup = await service.createBackup({ label: 'Shop.remove' });
  await service.whenIdle();
  const first = readAll(folder);
  const before = digest(outside);
  return {
    ...{ folder, database, outside, service, backup },
    file: (name) => path.join(folder, name),
    reset() {
      for (const name of fs.readdirSync(folder)) {
        const bytes = first.get(name);
        const file = path.join(folder, name);
        const stats = fs.lstatSync(file);
        // Without a write where nothing has changed: most inputs change one file.
        if (bytes && stats.isFile() && stats.size === bytes.length && fs.readFileSync(file).equals(bytes)) continue;
        fs.rmSync(file, { recursive: true, force: true });
      }
      for (const [name, bytes] of first) {
        if (!fs.existsSync(path.join(folder, name))) fs.writeFileSync(path.join(folder, name), bytes);
      }
    },
    checkOutside: () => assert.deepEqual(digest(outside), before, 'a file outside the folder was changed'),
  };
}

/**
 * The built-in one, but the live database, which no input changes, is looked at once: a child for every status would be all that a
 * run does.
 */
function looksOnce(): Snapshotter {
  const own = childProcessSnapshotter();
  let facts: Promise<DatabaseFacts> | undefined;
  return { ...own, inspect: (request) => (facts ??= own.inspect(request)) };
}

export function fillShop(file: string): void {
  const db = new Database(file);
  db.exec(SHOP);
  db.close();
}

function readAll(folder: string): Map<string, Buffer> {
  return new Map(fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name))]));
}

export function digest(folder: string): Record<string, string> {
  const hash = (bytes: Buffer): string => crypto.createHash('sha256').update(bytes).digest('hex');
  return Object.fromEntries([...readAll(folder)].map(([name, bytes]) => [name, hash(bytes)]));
}

/** How a folder is judged, question by question. */
export function codesOf(status: ServiceStatus): string {
  return verdict(status, Date.now())
    .answers.map(({ code }) => code)
    .join(' ');
}
