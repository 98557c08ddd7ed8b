import { BackupService } from 'sqlite-autobackup';
import { compareFully, makeDatabase } from '../support/database-pairs';
import { memoryLogger } from '../support/memory-logger';
import { comparePair } from '../support/row-campaign';
import { useTempFolder } from '../support/temp-folder';

const folder = useTempFolder();

test('a diff of random pairs of databases equals a full comparison of all their rows, and what was removed comes back', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const { found, expected } = await comparePair(folder.path, seed);
    expect({ seed, found }).toEqual({ seed, found: expected });
  }
});

test.each([501, 502])(
  'the same through the child process, of a backup and the live database (seed %i)',
  async (seed) => {
    const file = folder.file('app.db');
    const { tables, change } = makeDatabase(file, seed);
    const service = new BackupService({ database: file, logger: memoryLogger() });
    const { name, path } = await service.createBackup();
    change();
    const diff = await service.diffBackup(name, { rows: 1000 });
    expect(diff).toMatchObject({ from: name, to: 'live', schema: { added: [], removed: [], changed: [] } });
    const counts = diff.tables.map(({ name: table, added, changed, removed }) => [table, [added, changed, removed]]);
    expect(Object.fromEntries(counts)).toEqual(compareFully(path, file, tables));
    expect(folder.list()).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/backup_.*(-wal|-shm|-journal|partial)/)]),
    );
  },
);
