import fs from 'node:fs';
import { keepForeignRecord, readForeignRecord } from '#dist/catalog/foreign-record.js';
import { runAsync, runSync } from '#dist/util/file-work.js';
import { NAMING } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

const temp = useTempFolder();
const NAME = 'app_backup_20261124_093000.db';
const looked = { sizeBytes: 1, mtimeMs: 1 };

test.each(['a\0b', 'x'.repeat(5000), '__proto__', '../app.db', '', '.'])(
  'a record with a name that no backup has (%j) does not stop what is being done, and is written anew without it',
  async (name) => {
    const place = { directory: temp.path, naming: NAMING };
    fs.writeFileSync(temp.file(NAME), 'x');
    const entry = `${JSON.stringify(name)}: ${JSON.stringify(looked)}`;
    fs.writeFileSync(temp.file('.app_backup.foreign.json'), `{ "formatVersion": 1, "bad": { ${entry} } }`);
    await runAsync(keepForeignRecord(place, { [NAME]: looked }, temp.file('partial')));
    expect(runSync(readForeignRecord(place))).toEqual({ [NAME]: looked });
  },
);
