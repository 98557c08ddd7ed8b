import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { randomNumbers } from '../support/random';
import { useTempFolder } from '../support/temp-folder';

// Each byte of the header but its first 16: either the backup is refused, or it can be restored, and no restore that fails leaves
// anything behind. HEADER_ROUNDS=1000 draws more.
const faults = useFaultRecord();
const folder = useTempFolder();
const ROUNDS = Number(process.env['HEADER_ROUNDS'] ?? 12);
const SEED = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000);
const random = randomNumbers(SEED);

const ENCODING = 59;
const CASES: [field: number, value: number][] = [
  [18, 30],
  [ENCODING, 0],
  [ENCODING, 4],
  [ENCODING, 5],
  [58, 1],
  ...Array.from(
    { length: ROUNDS },
    () => [16 + Math.floor(random() * 84), Math.floor(random() * 256)] as [number, number],
  ),
];

function createWith(field: number, value: number): string {
  const database = folder.file('app.db');
  for (const suffix of ['', '-wal', '-shm']) fs.rmSync(database + suffix, { force: true });
  const db = new Database(database);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES ('then')");
  db.close();
  const file = fs.openSync(database, 'r+');
  fs.writeSync(file, Buffer.from([value]), 0, 1, field);
  fs.closeSync(file);
  return database;
}

test.each(CASES)(`byte %i of the header is %i (seed ${SEED})`, async (field, value) => {
  const database = createWith(field, value);
  const service = new BackupService({ database, logger: memoryLogger() });
  const odd = faults({ law: 10, fault: 'a byte of the header of the database is another', seed: SEED });
  odd.injected();
  const backup = await service.createBackup().catch(() => undefined);
  if (!backup) return odd.held('no backup');
  expect(await service.verifyBackup(backup.name, { level: 'drill' })).toMatchObject({ ok: true, problems: [] });

  // An app that has a sound database open.
  fs.rmSync(database);
  const app = new Database(database);
  app.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES ('now')");
  const rows = () => app.prepare('SELECT a FROM t').pluck().all();
  expect(rows()).toEqual(['now']);
  const restored = await service.restoreBackup(backup.name).catch(() => undefined);
  expect(rows()).toEqual([restored ? 'then' : 'now']);
  expect(await service.listBackups()).toHaveLength(restored ? 2 : 1);
  app.close();
  if (!restored) expect((await service.restoreBackup(backup.name)).method).toBe('offline');
  odd.held('a backup that stands its drill and is restored');
});

test('a text encoding that there is not is told', async () => {
  const database = createWith(ENCODING, 4);
  const { findings } = await new BackupService({ database, logger: memoryLogger() }).createBackup();
  expect(findings).toEqual([expect.stringContaining('the text encoding 4')]);
});
