import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupError } from 'sqlite-autobackup';
import { ensureDamaged, isUnusable } from '#dist/isolated/restore/unusable.js';
import { thrownBy } from '../../../support/errors';
import { createState } from '../../../support/states';
import { useTempFolder } from '../../../support/temp-folder';

const folder = useTempFolder();

test.each<[string, boolean]>([
  ['SQLITE_CORRUPT', true],
  ['SQLITE_CORRUPT_INDEX', true],
  ['SQLITE_NOTADB', true],
  ['ERR_BACKUP_SOURCE_CORRUPT', true],
  ['ERR_BACKUP_SOURCE_INVALID', true],
  ...[
    ...['SQLITE_IOERR', 'SQLITE_IOERR_READ', 'SQLITE_IOERR_SHORT_READ', 'SQLITE_IOERR_CORRUPTFS', 'SQLITE_IOERR_LOCK'],
    ...['SQLITE_NOMEM', 'SQLITE_IOERR_NOMEM', 'SQLITE_BUSY', 'SQLITE_BUSY_RECOVERY', 'SQLITE_LOCKED', 'SQLITE_FULL'],
    ...['SQLITE_READONLY', 'SQLITE_READONLY_DBMOVED', 'SQLITE_CANTOPEN', 'SQLITE_PERM', 'SQLITE_AUTH', 'SQLITE_ERROR'],
    ...['EIO', 'ENOMEM', 'EACCES', 'EBUSY', 'ENOSPC', 'EMFILE', 'ENOENT', ''],
    ...['ERR_BACKUP_SOURCE_UNREADABLE', 'ERR_BACKUP_SOURCE_LOCKED', 'ERR_BACKUP_SOURCE_MISSING'],
    ...['ERR_BACKUP_VERIFY_FAILED', 'ERR_BACKUP_WRITE_FAILED', 'ERR_BACKUP_DAMAGED', 'ERR_BACKUP_NO_SPACE'],
  ].map((code): [string, boolean] => [code, false]),
])('%p says that the file itself can only be replaced: %p', (code, expected) => {
  expect(isUnusable(Object.assign(new Error('said'), { code }))).toBe(expected);
});

test('an error without a code says nothing about the file', () => {
  for (const error of [new Error('x'), undefined, null, 'SQLITE_CORRUPT']) expect(isUnusable(error)).toBe(false);
});

describe('after a damaged copy, the live database is asked itself', () => {
  const found = new BackupError('ERR_BACKUP_SOURCE_CORRUPT', 'Damaged.', { step: 'verify', hint: 'Look.' });
  const database = () => folder.file('app.db');
  const ask = () => ensureDamaged(database(), 'quick', found);

  test.each<'wal' | 'delete'>(['wal', 'delete'])('one that is whole is not replaced, in %s mode', (mode) => {
    createState(database(), mode, { tag: 'a', rows: 20 }).close();
    const error = thrownBy(ask);
    expect(error).toMatchObject({ code: 'ERR_BACKUP_VERIFY_FAILED', cause: found });
    expect(error.message).toContain('nothing was changed');
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['a page is overwritten', (bytes) => bytes.fill(0x55, 4096, 8192)],
    ['it is cut off', (bytes) => bytes.subarray(0, 12_288)],
    ['it is not a database', () => Buffer.from('no database '.repeat(1000))],
  ])('it may be replaced if %s', (_what, harm) => {
    createState(database(), 'delete', { tag: 'a', rows: 20 }).close();
    fs.writeFileSync(database(), harm(fs.readFileSync(database())));
    expect(ask).not.toThrow();
  });

  test('it may be replaced if it is cut off inside its last overflow page, which SQLite does not read', () => {
    const db = new Database(database());
    db.exec('CREATE TABLE t (bytes BLOB); INSERT INTO t VALUES (randomblob(50000))');
    db.close();
    fs.truncateSync(database(), fs.statSync(database()).size - 100);
    expect(ask).not.toThrow();
  });
});
