import { BackupService } from 'sqlite-autobackup';
import { checkBackups } from '../support/whole-backups';
import { checkLedger, createLedger } from '../support/databases';
import type { JournalMode } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { useScripts } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';

const start = useScripts();
const folder = useTempFolder();

interface Report {
  acknowledged: number;
  errors: string[];
}

test.each<JournalMode>(['wal', 'delete'])(
  'a database of 200 MB in %s mode, written to every millisecond: one consistent state, and no write fails',
  async (mode) => {
    const database = folder.file('app.db');
    createLedger(database, mode, 200_000_000).close();
    const writer = start('writer.js', [database]);
    let before: Report;
    do before = await writer.ask<Report>('report');
    while (before.acknowledged < 100);

    // Without the pin it would start over for ever; that is all that is to be cut off.
    const service = new BackupService({ database, timeout: '5m', logger: memoryLogger() });
    const backup = await service.createBackup();

    const after = await writer.ask<Report>('stop');
    await writer.ended;
    expect(after.errors).toEqual([]);
    expect(after.acknowledged).toBeGreaterThan(before.acknowledged);

    expect(checkBackups(folder.path)).toEqual([backup.name]);
    const { entries } = checkLedger(backup.path);
    expect(entries).toBeGreaterThanOrEqual(before.acknowledged);
    expect(entries).toBeLessThanOrEqual(after.acknowledged);
    expect(checkLedger(database)).toEqual({ entries: after.acknowledged });
  },
);
