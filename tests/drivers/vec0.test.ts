import Database from 'better-sqlite3';
// By its path: the package.json beside this test is not the package's.
import { BackupService } from '../../dist/index.js';
import { rejectionOf } from '../support/errors';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

// A real extension that only the app's own connections load: https://github.com/asg017/sqlite-vec.

const folder = useTempFolder();

function openWithVec(): Database.Database {
  const db = new Database(folder.file('app.db'));
  (require('sqlite-vec') as { load(db: Database.Database): void }).load(db);
  return db;
}

test('a table of vec0 is backed up and restored whole; its rows are named, and neither compared nor written without the module', async () => {
  const db = openWithVec();
  db.exec(`CREATE TABLE docs (id INTEGER PRIMARY KEY, t); CREATE TABLE vectors_of_mine (id INTEGER PRIMARY KEY, t);
    CREATE VIRTUAL TABLE vectors USING vec0 (embedding float[4], kind text, +note text);
    INSERT INTO docs VALUES (1, 'a'), (2, 'b'); INSERT INTO vectors_of_mine VALUES (1, 'm');
    INSERT INTO vectors (rowid, embedding, kind, note) VALUES (1, '[1, 2, 3, 4]', 'k', 'x'), (2, '[5, 6, 7, 8]', 'k', 'y')`);
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  const { name } = await service.createBackup();
  const report = await service.verifyBackup(name, { level: 'full' });
  expect(report).toMatchObject({ ok: true, findings: [expect.stringContaining('vec0')] });

  db.exec('DELETE FROM docs WHERE id = 1; DELETE FROM vectors WHERE rowid = 1; DELETE FROM vectors_of_mine');
  const diff = await service.diffBackup(name);
  expect(diff.schema).toEqual({ added: [], changed: [], removed: [] });
  // Its eight shadow tables are no tables of the app's; one that is only called like them is.
  const told = diff.tables.map(({ name: table, removed, skipped }) => [table, removed, skipped]);
  expect(told.sort()).toEqual([
    ['docs', 1, undefined],
    ['vectors', 0, 'no such module: vec0'],
    ['vectors_of_mine', 1, undefined],
  ]);

  const refused = await rejectionOf(service.recoverRows(name, { table: 'vectors', removed: true }));
  expect(refused).toMatchObject({
    code: 'ERR_BACKUP_RECOVER_TABLE',
    message: expect.stringContaining('no such module: vec0'),
  });
  const shadow = await rejectionOf(service.recoverRows(name, { table: 'vectors_rowids', removed: true }));
  expect(shadow.code).toBe('ERR_BACKUP_OPTIONS');
  for (const table of ['docs', 'vectors_of_mine']) {
    expect((await service.recoverRows(name, { table, removed: true })).inserted).toEqual({ [table]: 1 });
  }

  const asked = await rejectionOf(service.queryBackup(name, 'SELECT * FROM vectors'));
  expect(asked).toMatchObject({
    code: 'ERR_BACKUP_QUERY',
    message: expect.stringContaining('no such module: vec0'),
  });
  expect((await service.queryBackup(name, 'SELECT t FROM docs')).rows).toEqual([['a'], ['b']]);

  await service.restoreBackup(name);
  const nearest = db.prepare(`SELECT rowid, note FROM vectors WHERE embedding MATCH '[1, 2, 3, 4]' AND k = 2`);
  expect(nearest.raw().all()).toEqual([[1, 'x'], [2, 'y']]); // prettier-ignore
  db.close();
  await service.whenIdle();
});
