import { BackupService } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import Database from 'better-sqlite3';
import { hashOfContents } from './database-contents';
import { memoryLogger } from './memory-logger';

/** Opened for the length of `fill`. Its settings come first: they count only while it has no page. Returns its path. */
export function createDatabase(file: string, fill: (db: Database.Database) => void): string {
  const db = new Database(file);
  try {
    fill(db);
  } finally {
    db.close();
  }
  return file;
}

/** 300 rows of all types, some larger than a page. */
export const SOME_ROWS = `
  CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight REAL, bytes BLOB);
  CREATE INDEX things_by_name ON things (name);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
  INSERT INTO things SELECT i, 'thing ' || i, i / 7.0, randomblob(i * 11 % 3000) FROM n;
`;

/** Takes a backup and proves it in every way: by its content, as it is listed, and by `verifyBackup`. */
export async function takeProvenBackup(database: string, directory?: string): Promise<Backup> {
  const options = directory === undefined ? {} : { directory };
  const service = new BackupService({ database, logger: memoryLogger(), verify: 'full', ...options });
  const source = hashOfContents(database);
  const backup = await service.createBackup();
  expect(hashOfContents(backup.path)).toBe(source);
  expect(hashOfContents(database)).toBe(source);
  expect(await service.listBackups()).toEqual([backup]);
  expect(service.getLatestBackup()).toEqual(backup);
  expect(await service.backupIfDue()).toMatchObject({ status: 'fresh', latest: { name: backup.name } });
  const report = await service.verifyBackup(backup.name, { level: 'full' });
  expect(report).toMatchObject({ ok: true, problems: [], uncheckedTables: [] });
  return backup;
}
