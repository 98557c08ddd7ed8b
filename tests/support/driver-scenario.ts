import fs from 'node:fs';
import { checkLedger, createLedger } from './databases';
import type { JournalMode } from './databases';
import { useScripts } from './processes';
import { useTempFolder } from './temp-folder';
import { checkBackups, filesOf } from './whole-backups';

const BACKUPS = 25;

type Answer = { path: string; atLeast: number; atMost: number } | { error: string };

/**
 * An app whose driver has its own copy of SQLite writes without a pause while backups are taken in a loop, and is killed
 * at the end. Opening the database in the app's process would drop the driver's locks and lose commits (FACTS 1).
 */
export function describeDriver(driver: 'libsql' | 'sqlite3'): void {
  const start = useScripts();
  const folder = useTempFolder();

  test.each<JournalMode>(['wal', 'delete'])(
    `an app that writes through ${driver} all the time, in %s mode, loses no commit to ${BACKUPS} backups, and none is bad`,
    async (mode) => {
      const database = folder.file('app.db');
      const directory = folder.file('backups');
      fs.mkdirSync(directory);
      createLedger(database, mode, 2_000_000).close();
      const app = start('busy-app.js', [driver, database, directory]);
      expect(await app.next()).toBe('writing');
      // Another process that uses the database too now and then, as a report or an administrator's shell does.
      const other = start('reader.js', [database]);

      for (let i = 0; i < BACKUPS; i++) {
        const answer = await app.ask<Answer>('backup');
        if ('error' in answer) throw new Error(answer.error);
        expect(checkBackups(directory)).toHaveLength(1);
        const { entries } = checkLedger(answer.path);
        expect(entries).toBeGreaterThanOrEqual(answer.atLeast);
        expect(entries).toBeLessThanOrEqual(answer.atMost);
        // So that the next one need not wait for a free second.
        for (const name of filesOf(directory)) fs.rmSync(`${directory}/${name}`);
      }

      const { acknowledged, errors } = await app.ask<{ acknowledged: number; errors: string[] }>('stop');
      expect(await other.ask<string[]>('stop')).toEqual([]);
      app.kill();
      await app.ended;
      expect(errors).toEqual([]);
      expect(acknowledged).toBeGreaterThan(BACKUPS);
      expect(checkLedger(database)).toEqual({ entries: acknowledged });
    },
  );
}
