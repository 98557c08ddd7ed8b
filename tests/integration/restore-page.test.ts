import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { createState, fillState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';

// The page that hangs on the wall is run as it is printed: what is on it has to work at two in the morning.

const folder = useTempFolder();
const page = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'restore.md'), 'utf8');
const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text]) => text!);
const withTool = (tool: string) => (spawnSync(tool, ['--version']).error ? test.skip : test);

async function shop() {
  const db = createState(folder.file('app.db'), 'wal', { tag: 'old', rows: 40 });
  db.pragma('wal_autocheckpoint = 0');
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  const backup = await service.createBackup();
  fillState(db, { tag: 'new', rows: 90 });
  return { db, backup };
}

const run = (script: string) =>
  execFileSync('bash', ['-euc', script], { cwd: folder.path, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

withTool('bash')(
  'by hand, with cp and mv, after a crash that left a WAL: the old files go aside together',
  async () => {
    const { db, backup } = await shop();
    // As if the machine had gone down: what stands beside the database stays there.
    const crashed = ['app.db', 'app.db-wal', 'app.db-shm'].map(
      (name) => [name, fs.readFileSync(folder.file(name))] as const,
    );
    db.close();
    for (const [name, bytes] of crashed) fs.writeFileSync(folder.file(name), bytes);

    const byHand = blocks.find((text) => text.includes('OLD=replaced-'))!;
    const printed = run(byHand.replace('app_backup_20261124_093000.db', backup.name));
    expect(printed.split(backup.sha256!)).toHaveLength(3);
    expect(stateOf(folder.file('app.db'))).toEqual({ tag: 'old', rows: 40 });
    const old = folder.list().find((name) => name.startsWith('replaced-'))!;
    expect(stateOf(folder.file(old, 'app.db'))).toEqual({ tag: 'new', rows: 90 });
  },
);

withTool('sqlite3')('with sqlite3 under a running app', async () => {
  const { db, backup } = await shop();
  const withSqlite = blocks.find((text) => text.includes('.restore'))!;
  const printed = run(`BACKUP=${backup.name}\n${withSqlite}`);
  expect(printed).toMatch(/^ok$/m);
  expect(db.prepare('SELECT DISTINCT tag FROM state').pluck().all()).toEqual(['old']);
  db.close();
  expect(stateOf(folder.file('app.db'))).toEqual({ tag: 'old', rows: 40 });
  expect(stateOf(folder.file('before-restore.db'))).toEqual({ tag: 'new', rows: 90 });
});

(process.platform === 'linux' ? test.each(['wal', 'delete'] as const) : test.skip.each(['wal'] as const))(
  'a file that was deleted under the running app (%s) is copied out of the process, imported and restored',
  async (journalMode) => {
    const { db } = await shop();
    db.pragma(`journal_mode = ${journalMode}`);
    fillState(db, { tag: 'newest', rows: 25 });
    fs.rmSync(folder.file('app.db'));
    const printed = run(`PID=${process.pid}\n${blocks.find((text) => text.includes('/proc/'))!}`);
    expect(printed).toMatch(/rescued\.db$/m);
    expect(printed.includes('rescued.db-wal')).toBe(journalMode === 'wal');
    db.close();

    const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
    const { backup } = await service.importBackup(folder.file('rescued.db'), { takenAt: new Date() });
    await service.restoreBackup(backup.name);
    expect(stateOf(folder.file('app.db'))).toEqual({ tag: 'newest', rows: 25 });
  },
);
