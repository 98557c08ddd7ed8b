import fs from 'node:fs';
import os from 'node:os';
import { BackupService } from 'sqlite-autobackup';
import Database from 'better-sqlite3';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const MB = 1024 * 1024;
/** Past 2^31 bytes, where 32-bit sizes end. */
const SIZE = 2100 * MB;
/** A slow disk takes its time for it. */
const TIMEOUT_MS = 3_600_000;

const { bavail, bsize } = fs.statfsSync(os.tmpdir());
const testOnLargeDisk = bavail * bsize > 3 * SIZE ? test : test.skip;

testOnLargeDisk(
  'a database of 2.1 GB is backed up, byte for byte',
  async () => {
    const database = folder.file('app.db');
    const db = new Database(database);
    // Made without care, which is fast.
    for (const setting of ['page_size = 65536', 'journal_mode = OFF', 'synchronous = OFF']) db.pragma(setting);
    db.exec('CREATE TABLE large (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, after TEXT NOT NULL)');
    const add = db.prepare('INSERT INTO large (bytes, after) VALUES (zeroblob(?), ?)');
    for (let i = 1; i <= SIZE / (50 * MB); i++) add.run(50 * MB, `the end of ${i}`);
    db.pragma('user_version = 1');
    db.close();
    const { size } = fs.statSync(database);
    expect(size).toBeGreaterThan(2 ** 31);

    const service = new BackupService({ database, timeout: TIMEOUT_MS, logger: memoryLogger() });
    let copied = 0;
    const backup = await service.createBackup({
      onProgress: ({ doneBytes }) => void (copied = Math.max(copied, doneBytes)),
    });
    expect(copied).toBe(size);
    expect(backup).toMatchObject({
      sizeBytes: size,
      verified: 'quick',
      manifest: { pageSize: 65536, pageCount: size / 65536 },
    });
    expect(await service.listBackups()).toEqual([backup]);
    expect(firstDifference(database, backup.path)).toBe(-1);
    expect(await service.verifyBackup(backup.name)).toMatchObject({ ok: true, sizeBytes: size });

    const copy = new Database(backup.path, { readonly: true });
    expect(copy.prepare('SELECT count(*), sum(length(bytes)), max(after) FROM large').raw().get()).toEqual([
      SIZE / (50 * MB),
      SIZE,
      'the end of 9',
    ]);
    copy.close();
  },
  TIMEOUT_MS,
);

/** The first byte that differs after SQLite's header, which counts changes; -1 if there is none. */
function firstDifference(one: string, other: string): number {
  const files = [one, other].map((file) => fs.openSync(file, 'r'));
  const chunks = files.map(() => Buffer.alloc(8 * MB));
  try {
    for (let at = 100; ;) {
      const [first, second] = files.map((file, i) =>
        chunks[i]!.subarray(0, fs.readSync(file, chunks[i]!, 0, 8 * MB, at)),
      );
      if (!first!.equals(second!)) return at + first!.findIndex((byte, i) => byte !== second![i]);
      if (first!.length === 0) return -1;
      at += first!.length;
    }
  } finally {
    files.forEach((file) => fs.closeSync(file));
  }
}
