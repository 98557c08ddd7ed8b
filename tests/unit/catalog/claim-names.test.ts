import fs from 'node:fs';
import path from 'node:path';
import { backupNaming } from '#dist/catalog/backup-name.js';
import { claimNames } from '#dist/catalog/claim-names.js';
import { thrownBy } from '../../support/errors';
import { useTempFolder } from '../../support/temp-folder';

let folders = 0;
/** Claims are for the life of the process, so each test has a folder of its own. No file is looked at. */
const aFolder = () => path.join(path.sep, 'backups', String(folders++));
const claim = (database: string, directory: string) =>
  claimNames({ database, directory, naming: backupNaming(database) });

test('two databases of one name are refused one folder, with both named and the way out', () => {
  const directory = aFolder();
  claim('/tenants/a/app.db', directory);
  const error = thrownBy(() => claim('/tenants/b/app.db', directory));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS', step: 'options' });
  expect(error.message).toContain('belongs to "/tenants/a/app.db", not to "/tenants/b/app.db"');
  expect(error.hint).toContain('a backup folder of its own');
});

test('the refused one has claimed nothing: the first one stays the owner', () => {
  const directory = aFolder();
  claim('/tenants/a/app.db', directory);
  thrownBy(() => claim('/tenants/b/app.db', directory));
  expect(() => claim('/tenants/a/app.db', directory)).not.toThrow();
});

test('the same database any number of times is fine', () => {
  const directory = aFolder();
  for (let i = 0; i < 3; i++) claim('/tenants/a/app.db', directory);
});

test('folders of their own, and names that differ, are fine', () => {
  const directory = aFolder();
  claim('/tenants/a/app.db', directory);
  claim('/tenants/b/app.db', aFolder());
  claim('/tenants/b/shop.db', directory);
  claim('/tenants/b/app.sqlite', directory);
});

describe('by links', () => {
  const temp = useTempFolder();

  test('a database in a linked folder is the same one before it is created and afterwards', () => {
    fs.mkdirSync(temp.file('real'));
    fs.symlinkSync(temp.file('real'), temp.file('link'));
    const database = temp.file('link', 'instance', 'app.db');
    claim(database, temp.file('link'));
    claim(temp.file('real', 'instance', 'app.db'), temp.file('real'));
    fs.mkdirSync(temp.file('real', 'instance'));
    claim(database, temp.file('link'));
    fs.writeFileSync(database, '');
    expect(() => claim(database, temp.file('link'))).not.toThrow();
    expect(() => claim(temp.file('real', 'instance', 'app.db'), temp.file('real'))).not.toThrow();
  });

  test('so is a linked file whose target is created later', () => {
    fs.symlinkSync(temp.file('target.db'), temp.file('linked.db'));
    claim(temp.file('linked.db'), temp.path);
    fs.writeFileSync(temp.file('target.db'), '');
    expect(() => claim(temp.file('linked.db'), temp.path)).not.toThrow();
  });

  test('a folder that is reached by a link is the same folder, a database that is reached by one the same database', () => {
    for (const name of ['a', 'b', 'backups']) fs.mkdirSync(temp.file(name));
    for (const name of ['a', 'b']) fs.writeFileSync(temp.file(name, 'app.db'), '');
    fs.symlinkSync(temp.file('backups'), temp.file('link'));
    fs.symlinkSync(temp.file('a'), temp.file('also-a'));
    claim(temp.file('a', 'app.db'), temp.file('backups'));
    claim(temp.file('also-a', 'app.db'), temp.file('backups'));
    const error = thrownBy(() => claim(temp.file('b', 'app.db'), temp.file('link')));
    expect(error.message).toContain(`belongs to "${temp.file('a', 'app.db')}"`);
  });
});
