import crypto from 'node:crypto';
import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import Database from 'better-sqlite3';
import { backupName, backupNaming } from '#dist/catalog/backup-name.js';
import { memoryLogger } from '../support/memory-logger';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';

// Files under the name of a backup that no manifest describes: they count if the child finds a database in them.
const folder = useTempFolder();
let foreign: string;
const serviceOf = () => new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });

beforeEach(() => {
  createState(folder.file('app.db'), 'delete', { tag: 'a', rows: 8 }).close();
  // Of a minute ago: the name of this second is that of the backup that is to be taken.
  foreign = folder.file(backupName(backupNaming('app.db'), new Date(Date.now() - 60_000)));
});

test.each<[string, () => void]>([
  ['random bytes', () => fs.writeFileSync(foreign, crypto.randomBytes(20_000))],
  ['one byte', () => fs.writeFileSync(foreign, 'x')],
  ['a hard link to the live database', () => fs.linkSync(folder.file('app.db'), foreign)],
  [
    'a database that is cut',
    () => {
      fs.copyFileSync(folder.file('app.db'), foreign);
      fs.truncateSync(foreign, fs.statSync(foreign).size - 10);
    },
  ],
  [
    'a database with a page of another',
    () => {
      const bytes = fs.readFileSync(folder.file('app.db'));
      fs.writeFileSync(foreign, bytes.fill(0xa5, 4096, 8192));
    },
  ],
])('%s: does not count, a backup is taken, and it is the latest', async (_what, plant) => {
  plant();
  const service = serviceOf();
  const outcome = await service.backupIfDue();
  expect(outcome.status).toBe('created');
  expect(service.getLatestBackup()!.manifest).toBeDefined();
  expect(await service.backupIfDue()).toMatchObject({
    status: 'fresh',
    latest: { manifest: expect.anything() as object },
  });
  expect(serviceOf().backupIfDueSync()).toMatchObject({ status: 'fresh' });

  // What was found is kept in the folder, for lists and for retention; a file that has changed is another one.
  const told = async () => (await serviceOf().listBackups()).find(({ path }) => path === foreign)?.problem;
  expect(await told()).toBe('not a database');
  fs.utimesSync(foreign, new Date(), new Date(Date.now() - 30_000));
  expect(await told()).toBeUndefined();
});

test.each(['delete', 'wal'] as const)(
  'a copy in %s mode counts, is looked at once, and nothing is left beside it',
  async (mode) => {
    const db = new Database(folder.file('app.db'));
    db.pragma(`journal_mode = ${mode}`);
    db.close();
    fs.copyFileSync(folder.file('app.db'), foreign);
    const service = serviceOf();
    for (let i = 0; i < 3; i++)
      expect(await service.backupIfDue()).toMatchObject({ status: 'fresh', latest: { path: foreign } });
    expect(service.knownFresh).toBe(true);
    expect(folder.list().filter((name) => !/^(app\.db|\.app_backup\.lock|app_backup_\d+_\d+\.db)$/.test(name))).toEqual(
      [],
    );
  },
);
