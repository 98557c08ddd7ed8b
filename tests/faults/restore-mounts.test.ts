import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { createState, fillState, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { contentsOf, failureOf, filesOf } from '../support/whole-backups';

// As `docker run -v /srv/app.db:/app/app.db` does it. It needs root, as CI has it; elsewhere run the tests under `unshare -rm`.
const folder = useTempFolder();
const OLD: State = { tag: 'old', rows: 20 };
const NEW: State = { tag: 'new', rows: 30 };

(process.platform === 'linux' ? describe : describe.skip)('a database file that is mounted by itself', () => {
  const database = () => folder.file('my app', 'app.db');
  let mounted = false;
  afterEach(() => {
    if (mounted) execFileSync('umount', [database()]);
    mounted = false;
  });

  async function prepared(now: () => void, pageSize = 4096) {
    for (const each of ['my app', 'srv', 'backups']) fs.mkdirSync(folder.file(each));
    createState(database(), 'wal', OLD, { pageSize }).close();
    const service = new BackupService({
      database: database(),
      directory: folder.file('backups'),
      logger: memoryLogger(),
    });
    const { name } = await service.createBackup();
    fs.rmSync(database());
    now();
    fs.renameSync(database(), folder.file('srv', 'app.db'));
    fs.writeFileSync(database(), '');
    execFileSync('mount', ['--bind', folder.file('srv', 'app.db'), database()], { stdio: 'pipe' });
    mounted = true;
    return { service, name };
  }

  test.each<[string, () => void]>([
    ['has another page size, in WAL mode', () => createState(database(), 'wal', NEW, { pageSize: 1024 }).close()],
    ['has another encoding', () => createState(database(), 'delete', NEW, { encoding: 'UTF-16le' }).close()],
    ['is garbage', () => fs.writeFileSync(database(), 'no database '.repeat(1000))],
  ])('and %s is refused before anything', async (_what, now) => {
    const { service, name } = await prepared(now);
    const before = [fs.readFileSync(database()), filesOf(folder.file('my app')), contentsOf(folder.file('backups'))];
    const error = await failureOf(() => service.restoreBackup(name), 'ERR_BACKUP_RESTORE_TARGET', database());
    expect(error.message).toContain('Nothing was changed.');
    const after = [fs.readFileSync(database()), filesOf(folder.file('my app')), contentsOf(folder.file('backups'))];
    expect(after).toEqual(before);
    expect(fs.statSync(database()).nlink).toBe(1);
  });

  test('is restored into otherwise', async () => {
    const { service, name } = await prepared(() => {
      const db = createState(database(), 'wal', OLD);
      fillState(db, NEW);
      db.close();
    });
    expect(await service.restoreBackup(name)).toMatchObject({ method: 'online' });
    expect(stateOf(database())).toEqual(OLD);
    expect(stateOf(folder.file('srv', 'app.db'))).toEqual(OLD);
  });
});
