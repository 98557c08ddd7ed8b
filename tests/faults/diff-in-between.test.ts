// Commits of somebody else while a diff reads: it compares one state, not the beginning of one and the end of another.
import Database from 'better-sqlite3';
import { BackupService } from 'sqlite-autobackup';
import type { TableDiff } from 'sqlite-autobackup';
import { setImmediate as turn } from 'node:timers/promises';
import { memoryLogger } from '../support/memory-logger';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();
const ROWS = 20_000;

test('a diff sees what one commit has left, while many more follow', async () => {
  const db = new Database(folder.file('app.db'));
  db.pragma('journal_mode = WAL');
  // Each commit moves one from an account to another: whoever sees both tables at one moment sees the same sum as ever.
  for (const name of ['giving', 'taking']) {
    db.exec(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY, n INTEGER);
      WITH RECURSIVE i(id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM i LIMIT ${ROWS}) INSERT INTO ${name} SELECT id, 0 FROM i`);
  }
  const service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger() });
  const { name } = await service.createBackup();
  const give = db.prepare('UPDATE giving SET n = n - 1 WHERE id = ?');
  const take = db.prepare('UPDATE taking SET n = n + 1 WHERE id = ?');
  let moved = 0;
  const move = db.transaction(() => {
    give.run(1 + (moved % ROWS));
    take.run(ROWS - (moved % ROWS));
    moved += 1;
  });
  for (let i = 0; i < 100; i++) move();

  let done = false as boolean;
  const diff = service.diffBackup(name, { rows: 2 * ROWS }).finally(() => (done = true));
  while (!done) {
    move();
    await turn();
  }
  const { tables } = await diff;
  db.close();
  const sumOf = (table: string): number => {
    const rows = tables.find((each): each is TableDiff => each.name === table)!.rows!;
    return rows.reduce((sum, { after }) => sum + Number(after!['n']), 0);
  };
  const seen = sumOf('taking');
  expect(sumOf('giving')).toBe(-seen);
  expect(seen).toBeGreaterThanOrEqual(100);
  expect(moved).toBeGreaterThan(seen);
});
