import fs from 'node:fs';
import { readBackup } from '#dist/catalog/list-backups.js';
import { deleteFiles } from '#dist/catalog/delete-backup.js';
import { runSync } from '#dist/util/file-work.js';
import { thrownBy } from '../../support/errors';
import { NAMING, writeBackup } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

// Before the folder's own clean-up, which deletes files.
afterEach(() => jest.restoreAllMocks());
const folder = useTempFolder();

const where = () => ({ directory: folder.path, naming: NAMING });
function planted(manifest: boolean) {
  const name = writeBackup(folder.path, new Date('2026-11-20T09:00:00'), { manifest });
  return readBackup(where(), name, Date.parse('2026-11-24T12:00:00'))!;
}

test('the backup goes first, then its manifest: a crash in between leaves no backup without label and hash', () => {
  const backup = planted(true);
  const removed = jest.spyOn(fs, 'rmSync');
  runSync(deleteFiles(where(), backup));
  expect(removed.mock.calls.map(([file]) => file)).toEqual([backup.path, backup.path.replace(/db$/, 'json')]);
  expect(folder.list()).toEqual([]);
});

test('a file beside a backup without a manifest is not taken for one', () => {
  const backup = planted(false);
  fs.writeFileSync(backup.path.replace(/db$/, 'json'), 'put there since');
  runSync(deleteFiles(where(), backup));
  expect(folder.list()).toEqual([backup.name.replace(/db$/, 'json')]);
});

test('one that is gone already is no error', () => {
  const backup = planted(true);
  fs.rmSync(backup.path);
  runSync(deleteFiles(where(), backup));
  expect(folder.list()).toEqual([]);
});

test('what the system refuses is named with its reason, and the manifest stays with the backup', () => {
  const backup = planted(true);
  const cause = Object.assign(new Error('EBUSY: open elsewhere'), { code: 'EBUSY' });
  jest.spyOn(fs, 'rmSync').mockImplementation(() => {
    throw cause;
  });
  const error = thrownBy(() => runSync(deleteFiles(where(), backup)));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_DELETE_FAILED', step: 'delete', cause });
  expect(error.message).toContain(`"${backup.path}" could not be deleted (EBUSY: open elsewhere).`);
  expect(folder.list()).toHaveLength(2);
});
