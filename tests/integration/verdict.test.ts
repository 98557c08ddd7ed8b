import fs from 'node:fs';
import { BackupService, verdict } from 'sqlite-autobackup';
import type { BackupServiceOptions, Verdict } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { failureOf } from '../support/whole-backups';

const folder = useTempFolder();
let service: BackupService;
const serviceWith = (options: Partial<BackupServiceOptions> = {}) =>
  new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), ...options });
const judged = async (): Promise<Verdict> => verdict(await service.status(), Date.now());

beforeEach(() => {
  createState(folder.file('app.db'), 'wal', { tag: 'a', rows: 40 }).close();
  service = serviceWith();
});

test('a database that has become random bytes is not good, whatever the age of its backup', async () => {
  await service.createBackup();
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
  fs.writeFileSync(folder.file('app.db'), Buffer.alloc(40_960, 0x5a));
  for (const side of ['-wal', '-shm']) fs.rmSync(folder.file(`app.db${side}`), { force: true });
  expect((await judged()).recent).toMatchObject({ mark: 'bad', code: 'database-unusable', action: 'restore' });
});

test('a status that does not wait tells what the last look at the database has found', async () => {
  await service.createBackup();
  const unseen = await service.status({ wait: false });
  expect(unseen.database).toMatchObject({ lookedAt: undefined, journalMode: undefined });
  expect(verdict(unseen, Date.now()).recent).toMatchObject({ mark: 'unknown', code: 'database-unseen' });
  const { database } = await service.status();
  expect((await service.status({ wait: false })).database).toEqual(database);
});

test('a drill proves the backups also after the one that was drilled has gone', async () => {
  const { name } = await service.createBackup();
  expect((await judged()).proven.code).toBe('never-drilled');
  await service.verifyBackup(name, { level: 'drill' });
  expect((await judged()).proven).toMatchObject({ mark: 'good', code: 'drilled', name });
  // A quick look keeps what the drill has proven.
  await service.verifyBackup(name, { level: 'quick' });
  await service.createBackup();
  await service.deleteBackup(name);
  expect((await judged()).proven).toMatchObject({ mark: 'good', code: 'drilled', name });
});

test('"only on this computer" is accepted once, on record in the folder, and can be taken back', async () => {
  await service.createBackup();
  expect((await judged()).elsewhere).toMatchObject({ mark: 'warning', code: 'only-here' });
  await service.acceptOnlyHere(true, { by: 'Ana' });
  const file = folder.file('.app_backup.only-here.json');
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  service = serviceWith();
  expect((await judged()).elsewhere).toMatchObject({ mark: 'good', code: 'only-here-accepted', by: 'Ana' });
  await service.acceptOnlyHere(false);
  expect((await judged()).elsewhere.mark).toBe('warning');
  // A record that says nothing accepts nothing.
  fs.writeFileSync(file, '{"formatVersion":1,"at":"some day"}');
  expect((await judged()).elsewhere.mark).toBe('warning');
});

test('a restore ends the red of a backup that had failed before it', async () => {
  const { name } = await service.createBackup();
  const bytes = fs.readFileSync(folder.file('app.db'));
  fs.rmSync(folder.file('app.db'));
  await failureOf(() => service.createBackup(), 'ERR_BACKUP_SOURCE_MISSING');
  fs.writeFileSync(folder.file('app.db'), bytes);
  expect((await judged()).recent.code).toBe('failed');
  await service.restoreBackup(name);
  expect((await judged()).recent).toMatchObject({ mark: 'good', code: 'fresh' });
});
