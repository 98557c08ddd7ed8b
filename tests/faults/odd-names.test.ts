import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from 'sqlite-autobackup';
import { countRows } from '../support/database-contents';
import { thrownBy } from '../support/errors';
import { createDatabase, SOME_ROWS, takeProvenBackup } from '../support/proven-backup';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

// Windows has no file of most of these names.
const onWindows = process.platform === 'win32';
const names = [
  'two words.db',
  "it's.db",
  'say "hi".db',
  '`id` $(id) ; & | < >.db',
  'what?mode=memory.db',
  '100%.db',
  '%41%2e%2F.db',
  'a#b.db',
  'file:app.db',
  ':memory:',
  '*.[ab].{c,d}.db',
  'back\\slash.db',
  'line\nbreak.db',
  '-rf.db',
  '--',
  '~',
  '.hidden.db',
  'many.dots.in.it.sqlite3',
  'no extension',
  'ends in a dot.',
  'café.db'.normalize('NFC'),
  'café.db'.normalize('NFD'),
  'склад-在庫-🥚.db',
].filter((name) => !onWindows || !/[<>:"|?*\\\n]|\.$/.test(name));

test.each(names)(
  'a database called %j, in a folder called the same, with its backups in another such',
  async (name) => {
    const beside = folder.file(`${name} (folder)`);
    const elsewhere = folder.file(`${name} (backups)`);
    fs.mkdirSync(beside);
    fs.mkdirSync(elsewhere);
    const database = createDatabase(path.join(beside, name), (db) => db.exec(SOME_ROWS));
    const others = [folder.list(), fs.readdirSync(beside)];

    const backup = await takeProvenBackup(database, elsewhere);
    expect(path.dirname(backup.path)).toBe(elsewhere);
    expect(backup.name.startsWith(path.parse(name).name)).toBe(true);
    expect(backup.name.endsWith(path.parse(name).ext)).toBe(true);
    // Nowhere else is anything, such as a file of half the name.
    expect([folder.list(), fs.readdirSync(beside)]).toEqual(others);
    expect(countRows(backup.path)).toBe(300);
  },
);

test('two databases whose names differ in their Unicode form only have backups of their own', async () => {
  const made = [];
  for (const form of ['NFC', 'NFD'] as const) {
    const database = createDatabase(folder.file('café.db'.normalize(form)), (db) => db.exec(SOME_ROWS));
    made.push(await takeProvenBackup(database));
  }
  expect(new Set(made.map(({ path: file }) => file)).size).toBe(2);
});

test('the longest name and the longest path that work do, and one more is refused when the service is made', async () => {
  if (onWindows) return;
  const named = (length: number) => folder.file(`${'x'.repeat(length - 3)}.db`);
  await takeProvenBackup(createDatabase(named(205), (db) => db.exec(SOME_ROWS)));
  expect(thrownBy(() => new BackupService({ database: named(206) }))).toMatchObject({
    code: 'ERR_BACKUP_OPTIONS',
    message: expect.stringMatching(/too long, by 1 bytes: "x+\.db"\. Give it a name of at most 205 bytes\./),
  });

  // 512 bytes with the journal of an unfinished backup.
  const far = (length: number) => {
    const rest = length - '/.app_backup_20261124_093000.0123456789ab.partial-journal'.length - folder.path.length;
    return folder.file('d'.repeat(200), 'e'.repeat(rest - 202));
  };
  fs.mkdirSync(far(512), { recursive: true });
  const database = createDatabase(folder.file('app.db'), (db) => db.exec(SOME_ROWS));
  await takeProvenBackup(database, far(512));
  expect(thrownBy(() => new BackupService({ database, directory: far(513) }))).toMatchObject({
    code: 'ERR_BACKUP_OPTIONS',
    message: expect.stringMatching(/too long for SQLite, by 1 bytes: ".*" *\. Set the "directory" option/),
  });
});
