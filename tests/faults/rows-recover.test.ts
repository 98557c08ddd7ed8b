import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService, isBackupError } from 'sqlite-autobackup';
import { checkLedger, createLedger } from '../support/databases';
import type { JournalMode } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { useScripts } from '../support/processes';
import { randomNumbers } from '../support/random';
import { useTempFolder } from '../support/temp-folder';
import { backupNames } from '../support/whole-backups';

const start = useScripts();
const faults = useFaultRecord();
const folder = useTempFolder();

// The long run: ROWS_ROUNDS=200 npx jest --selectProjects faults --testPathPatterns rows-recover
const ROUNDS = Number(process.env['ROWS_ROUNDS'] ?? 8);
const TIMEOUT_MS = 3_600_000;
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const LINES = 5;

/** A ledger with invoices of five lines beside it. */
function createShop(mode: JournalMode, invoices: number): Database.Database {
  const db = createLedger(folder.file('app.db'), mode, 2_000_000);
  db.exec(`
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, total REAL);
    CREATE TABLE lines (id INTEGER PRIMARY KEY, invoice_id INTEGER NOT NULL REFERENCES invoices (id) ON DELETE CASCADE, text TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${invoices}) INSERT INTO invoices SELECT i, i * 1.5 FROM n;
    INSERT INTO lines SELECT NULL, invoices.id, 'line ' || value FROM invoices, json_each('[1,2,3,4,5]');`);
  db.pragma('foreign_keys = ON');
  return db;
}

test.each<JournalMode>(['wal', 'delete'])(
  'beside a writer of a commit a millisecond, in %s mode, 6 of 6 rows come back and no commit is lost',
  async (mode) => {
    const db = createShop(mode, 200);
    const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
    const { name } = await service.createBackup();
    db.exec('DELETE FROM invoices WHERE id = 42');
    db.close();
    const writer = start('writer.js', [folder.file('app.db')]);
    const report = await service.recoverRows(name, { table: 'invoices', where: 'id = 42' });
    expect(report.inserted).toEqual({ invoices: 1, lines: LINES });
    const { acknowledged, errors } = await writer.ask<{ acknowledged: number; errors: string[] }>('stop');
    expect(errors).toEqual([]);
    expect(checkLedger(folder.file('app.db')).entries).toBe(acknowledged);
    const after = new Database(folder.file('app.db'), { readonly: true });
    expect(after.pragma('foreign_key_check')).toEqual([]);
    after.close();
    const { tables } = await service.diffBackup(name, { tables: ['invoices', 'lines'] });
    expect(tables.map(({ added, changed, removed }) => [added, changed, removed])).toEqual([[0, 0, 0], [0, 0, 0]]); // prettier-ignore
  },
  TIMEOUT_MS,
);

test.each<JournalMode>(['wal', 'delete'])(
  `kill -9 of a recovery at ${ROUNDS} random moments, in %s mode: all rows or none (seed ${SEED})`,
  async (mode) => {
    const random = randomNumbers(SEED);
    const INVOICES = 3000;
    const db = createShop(mode, INVOICES);
    const service = new BackupService({
      database: folder.file('app.db'),
      logger: memoryLogger(),
      retention: { last: 3 },
    });
    const { name } = await service.createBackup();
    const count = (table: string) => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    let usualMs = 0;
    let writingMs = 0;
    const counts = { none: 0, all: 0 };
    const kills = faults({ law: 7, fault: `kill -9 of a recovery of rows, ${mode}`, seed: SEED });
    for (let round = 0; round <= ROUNDS; round++) {
      db.exec('DELETE FROM invoices WHERE id > 100');
      const controller = new AbortController();
      const startedAt = performance.now();
      let writesAt: number | undefined;
      let timer: NodeJS.Timeout | undefined;
      // Aborting ends the child by SIGKILL.
      const killWithin = (ms: number): void => void (timer = setTimeout(() => controller.abort(), random() * ms));
      // The first one may run to its end, to know how long one takes. Of the others, every second one dies while it writes.
      if (round % 2 === 1) killWithin(usualMs);
      const onProgress = ({ step }: { step: string }): void => {
        if (step !== 'recover' || writesAt !== undefined) return;
        writesAt = performance.now();
        if (round > 0 && round % 2 === 0) killWithin(writingMs);
      };
      let safety: string | undefined;
      try {
        const { inserted, safetyBackup } = await service.recoverRows(name, {
          ...{ table: 'invoices', removed: true, signal: controller.signal, onProgress },
        });
        safety = safetyBackup;
        expect(inserted).toEqual({ invoices: INVOICES - 100, lines: (INVOICES - 100) * LINES });
      } catch (error) {
        if (!isBackupError(error, 'ERR_BACKUP_CANCELLED')) throw error;
      }
      clearTimeout(timer);
      if (round === 0) {
        usualMs = performance.now() - startedAt;
        writingMs = performance.now() - writesAt!;
      }
      const [invoices, lines] = [count('invoices'), count('lines')];
      const none = invoices === 100;
      expect({ round, invoices, lines }).toEqual({ round, invoices: none ? 100 : INVOICES, lines: invoices * LINES });
      if (safety !== undefined) expect(none).toBe(false);
      const killed = controller.signal.aborted && safety === undefined;
      if (killed) kills.injected();
      counts[none ? 'none' : 'all']++;
      expect(db.pragma('foreign_key_check')).toEqual([]);
      expect(db.pragma('quick_check', { simple: true })).toBe('ok');
      if (killed) kills.held(none ? 'none of the rows' : 'all of the rows');
      // Their protection, and a child each to lift it, are not what is tested here.
      for (const backup of backupNames(service.directory)) {
        if (backup === name) continue;
        for (const file of [backup, backup.replace(/db$/, 'json')]) {
          fs.rmSync(path.join(service.directory, file), { force: true });
        }
      }
    }
    expect(counts.none + counts.all).toBe(ROUNDS + 1);
    if (process.env['ROWS_ROUNDS']) process.stderr.write(`${mode}: ${JSON.stringify(counts)}\n`);
    db.close();
  },
  TIMEOUT_MS,
);
