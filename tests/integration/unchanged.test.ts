import fs from 'node:fs';
import { BackupService, keep } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import Database from 'better-sqlite3';
import { addEntry, createLedger } from '../support/databases';
import { DAY, writeBackup } from '../support/planted-backups';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const quiet = { info() {}, warn() {}, error() {} };
const inode = (backup: Backup) => fs.statSync(backup.path).ino;
const serviceWith = (retention = keep({ last: Infinity })) =>
  new BackupService({ database: folder.file('app.db'), retention, interval: 0, logger: quiet });

beforeEach(() => createLedger(folder.file('app.db'), 'wal').close());

function change(): void {
  const db = new Database(folder.file('app.db'));
  addEntry(db);
  db.close();
}

test('an unchanged state is one file under several names, each a whole backup of its own', async () => {
  const service = serviceWith();
  const first = await service.createBackup();
  const same = await service.createBackup();
  change();
  const other = await service.createBackup();
  expect(inode(same)).toBe(inode(first));
  expect(inode(other)).not.toBe(inode(first));
  expect(same.createdAt.getTime()).toBeGreaterThan(first.createdAt.getTime());
  const listed = await service.listBackups();
  expect(listed.map(({ name, createdAt }) => [name, createdAt])).toEqual(
    [other, same, first].map(({ name, manifest }) => [name, new Date(manifest!.createdAt)]),
  );
  await service.deleteBackup(same.name);
  expect(await service.verifyBackup(first.name, { level: 'full' })).toMatchObject({ ok: true });
});

test.each([
  ['is damaged', ({ path, sizeBytes }: Backup) => fs.writeFileSync(path, Buffer.alloc(sizeBytes, 1))],
  ['was touched', ({ path }: Backup) => fs.utimesSync(path, new Date(), new Date(Date.now() - 8 * DAY))],
  ['can be read by others', ({ path }: Backup) => fs.chmodSync(path, 0o644)],
])('a file that %s is not shared', async (_what, happens) => {
  const service = serviceWith();
  const first = await service.createBackup();
  const { mtime } = fs.statSync(first.path);
  happens(first);
  if (_what === 'is damaged') fs.utimesSync(first.path, mtime, mtime);
  const second = await service.createBackup();
  expect(inode(second)).not.toBe(inode(first));
  expect(await service.verifyBackup(second.name, { level: 'hash' })).toMatchObject({ ok: true });
});

test('22 protected calls on an unchanged database cost no older state', async () => {
  const older = [8, 15, 40, 100].map((days) => writeBackup(folder.path, new Date(Date.now() - days * DAY)));
  const service = new BackupService({ database: folder.file('app.db'), interval: 0, logger: quiet });
  for (let i = 0; i < 4; i += 1) await service.backupIfDue();
  // The other 18 as the child would have made them.
  const [made] = await service.listBackups();
  for (let i = 1; i <= 18; i += 1) {
    const at = new Date(made!.createdAt.getTime() - i * 60_000);
    writeBackup(folder.path, at, { manifest: { sha256: made!.sha256!, sizeBytes: 4096 } });
  }
  await service.pruneBackups();
  const names = (await service.listBackups()).map(({ name }) => name);
  expect(names).toHaveLength(20);
  expect(names).toEqual(expect.arrayContaining(older));
});
