import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const serviceOn = (database: string, directory?: string) =>
  new BackupService({ database, logger: memoryLogger(), ...(directory !== undefined && { directory }) });

function write(file: string, text: string): void {
  const db = new Database(file);
  db.exec('CREATE TABLE IF NOT EXISTS t (a); DELETE FROM t');
  db.prepare('INSERT INTO t VALUES (?)').run(text);
  db.close();
}

function read(file: string): unknown {
  const db = new Database(file, { readonly: true });
  const text = db.prepare('SELECT a FROM t').pluck().get();
  db.close();
  return text;
}

// `link/..` is not the folder that `link` is in: the system follows the link first.
(process.platform === 'win32' ? describe.skip : describe)('a path with ".." after a link', () => {
  beforeEach(() => {
    fs.mkdirSync(folder.file('x', 'y'), { recursive: true });
    fs.symlinkSync('x/y', folder.file('ld'));
    write(folder.file('x', 'real.db'), 'mine');
    write(folder.file('real.db'), 'of somebody else');
  });

  test('in a link to the database: the restore writes what was backed up, and no other database', async () => {
    fs.symlinkSync('ld/../real.db', folder.file('app.db'));
    const service = serviceOn(folder.file('app.db'));
    const { name } = await service.createBackup();
    write(folder.file('app.db'), 'later');
    await service.restoreBackup(name);
    expect(read(folder.file('x', 'real.db'))).toBe('mine');
    expect(read(folder.file('real.db'))).toBe('of somebody else');
  });

  test('in the option "database": the file that the app opens is backed up', async () => {
    const given = `${folder.path}/ld/../real.db`;
    expect(read(given)).toBe('mine');
    const { path } = await serviceOn(given, folder.path).createBackup();
    expect(read(path)).toBe('mine');
  });
});

test.each([7, '7', '30s'])(
  'backupIfDue({ interval: %p }) is refused, as the option of the service is',
  async (interval) => {
    write(folder.file('app.db'), 'x');
    await expect(serviceOn(folder.file('app.db')).backupIfDue({ interval: interval as never })).rejects.toMatchObject({
      code: 'ERR_BACKUP_OPTIONS',
      message: expect.stringContaining("'7d'"),
    });
  },
);

test('a manifest that is nested without an end is not readable, and breaks nothing', async () => {
  write(folder.file('app.db'), 'x');
  const service = serviceOn(folder.file('app.db'));
  const { name } = await service.createBackup();
  const file = folder.file(name.replace(/\.db$/, '.json'));
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('{', `{"deep":${nested},`));
  const [backup] = await service.listBackups();
  expect(backup!.problem).toBe('unreadable manifest');
  expect(JSON.stringify(backup)).toContain(name);
});
