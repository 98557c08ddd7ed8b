import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { patience } from '../support/patience';
import { DAY, writeBackup } from '../support/planted-backups';
import { isolatedChildOf, noIsolatedChild, useScripts } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { checkBackups, contentsOf, failureOf } from '../support/whole-backups';

const start = useScripts();
const folder = useTempFolder();
const linux = process.platform === 'linux';
const why = linux ? '' : ' (not run: the child of a blocked process is found through /proc, which only Linux has)';

(linux ? test : test.skip).each([
  ['hangs is ended at the timeout', 'SIGSTOP', 'ERR_BACKUP_TIMEOUT', 10_000],
  ['is killed is told of', 'SIGKILL', 'ERR_BACKUP_CHILD_FAILED', 600_000],
] as const)(
  `a child that %s also while the caller blocks, leaves nothing, and the lock is free again${why}`,
  async (_, signal, code, atLeastMs) => {
    const database = folder.file('app.db');
    const directory = folder.file('backups');
    fs.mkdirSync(directory);
    createLedger(database, 'wal', 100_000_000).close();
    const old = writeBackup(directory, new Date(Date.now() - 30 * DAY));
    const before = contentsOf(directory);
    const timeout = patience(atLeastMs);
    const service = new BackupService({ database, directory, timeout, logger: memoryLogger() });
    await noIsolatedChild();

    const other = start('signal-copying-child.js', [String(process.pid), directory, signal, String(timeout + 60_000)]);
    expect(await other.next()).toBe('looking');
    const error = await failureOf(() => service.backupIfDueSync(), code);
    expect(await other.next()).toBe('signalled');
    expect(await other.ask('report')).toEqual({ rescued: false });
    // The copy exists from the first of these steps to the last.
    expect(['copy', 'seal', 'verify']).toContain(error.step);
    expect(isolatedChildOf(process.pid)).toBeUndefined();
    expect(contentsOf(directory)).toEqual(before);
    expect(service.backupIfDueSync()).toMatchObject({ status: 'backing-off', error: { code } });

    fs.rmSync(`${directory}/${old}`);
    const { name } = new BackupService({ database, directory, logger: memoryLogger() }).createBackupSync();
    expect(checkBackups(directory)).toEqual([name]);
  },
);
