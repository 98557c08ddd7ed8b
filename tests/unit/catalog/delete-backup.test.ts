import fs from 'node:fs';
import type { Backup } from 'sqlite-autobackup';
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
  expect(removed.mock.calls.map(([file]) => String(file))).toEqual([
    expect.stringMatching(/\.app_backup_20261120_090000\.[0-9a-f]{12}\.partial\.removed$/),
    backup.path.replace(/db$/, 'json'),
  ]);
  expect(folder.list()).toEqual([]);
});

test('what is put beside a backup without a manifest may protect it', () => {
  const backup = planted(false);
  fs.writeFileSync(backup.path.replace(/db$/, 'json'), 'put there since');
  expect(thrownBy(() => runSync(deleteFiles(where(), backup))).code).toBe('ERR_BACKUP_PROTECTED');
  expect(folder.list()).toEqual([backup.name, backup.name.replace(/db$/, 'json')]);
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
  expect(folder.list()).toEqual([backup.name, backup.name.replace(/db$/, 'json')]);
});

describe('what happens between the listing and the deletion', () => {
  const refused = (meanwhile: (backup: Backup) => void, when: 'before' | 'while it is moved' = 'before') => {
    const backup = planted(true);
    const bytes = fs.readFileSync(backup.path);
    if (when === 'before') meanwhile(backup);
    else {
      const real = fs.renameSync;
      jest.spyOn(fs, 'renameSync').mockImplementationOnce((from, to) => {
        meanwhile(backup);
        real(from, to);
      });
    }
    const error = thrownBy(() => runSync(deleteFiles(where(), backup)));
    expect(folder.list()).toEqual([backup.name, backup.name.replace(/db$/, 'json')]);
    return { error, same: bytes.equals(fs.readFileSync(backup.path)) };
  };
  const rewrite = (text: (before: string) => string) => (backup: Backup) => {
    const file = backup.path.replace(/db$/, 'json');
    fs.writeFileSync(file, text(fs.readFileSync(file, 'utf8')));
  };
  const protectedNow = rewrite((text) => text.replace('"protected": false', '"protected": true'));

  test.each(['before', 'while it is moved'] as const)('protected %s: it stays, under its name', (when) => {
    expect(refused(protectedNow, when)).toMatchObject({ error: { code: 'ERR_BACKUP_PROTECTED' }, same: true });
  });

  test.each(['before', 'while it is moved'] as const)('a manifest that cannot be read %s may protect it', (when) => {
    const { error, same } = refused(
      rewrite(() => '{'),
      when,
    );
    expect(error).toMatchObject({ code: 'ERR_BACKUP_PROTECTED' });
    expect(error.message).toContain('may be protected');
    expect(same).toBe(true);
  });

  test('another file in its place is not deleted', () => {
    const { error, same } = refused(({ path }) => {
      fs.writeFileSync(`${path}.new`, 'somebody put this here');
      fs.renameSync(`${path}.new`, path);
    });
    expect(error).toMatchObject({ code: 'ERR_BACKUP_DELETE_FAILED' });
    expect(error.message).toContain('another file has taken its place');
    expect(same).toBe(false);
  });
});
