import fs from 'node:fs';
import { checkLedger, createLedger } from './databases';
import type { JournalMode } from './databases';
import { recordDriverRun } from './driver-table';
import { useScripts } from './processes';
import { useTempFolder } from './temp-folder';
import { checkBackups, filesOf } from './whole-backups';

/** Each is taken in another way than the one before. */
const BACKUPS = ['service', 'method', 'function', 'service', 'method', 'function', 'service', 'method', 'function'];

type Answer = { path: string; atLeast: number; atMost: number } | { error: string };

/** Where the app runs that uses the driver; default: here, on this Node. */
export interface AppPlace {
  readonly node: string;
  /** Its busy-app.js. */
  readonly script: string;
}

/**
 * An app writes through its driver without a pause, while its decorated methods and its calls of the service take backups,
 * and is killed at the end. Opening the database in the app's process would drop the driver's locks and lose commits
 * (docs/facts.md, 1). `adapter` is a file of tests/drivers/adapters.
 */
export function describeDriver(adapter: string, place?: () => AppPlace): void {
  const start = useScripts();
  const folder = useTempFolder();

  test.each<JournalMode>(['wal', 'delete'])(
    `an app that writes through ${adapter} all the time, in %s mode, loses no commit to ${BACKUPS.length} backups, and none is bad`,
    async (mode) => {
      const run = recordDriverRun({ driver: adapter, mode });
      const database = folder.file('app.db');
      const directory = folder.file('backups');
      fs.mkdirSync(directory);
      createLedger(database, mode, 2_000_000).close();
      const { script = 'busy-app.js', node } = place?.() ?? {};
      const app = start(script, [adapter, database, directory], node === undefined ? {} : { node });
      const { label, ...versions } = await app.next<{ label: string; version: string; sqlite: string; node: string }>();
      run.update({ driver: label, ...versions });
      // Another process that uses the database too now and then, as a report or an administrator's shell does.
      const other = start('reader.js', [database]);

      for (const [i, way] of BACKUPS.entries()) {
        const answer = await app.ask<Answer>(way);
        if ('error' in answer) throw new Error(answer.error);
        expect(checkBackups(directory)).toHaveLength(1);
        const { entries } = checkLedger(answer.path);
        expect(entries).toBeGreaterThanOrEqual(answer.atLeast);
        expect(entries).toBeLessThanOrEqual(answer.atMost);
        run.update({ backups: i + 1 });
        // So that the next one need not wait for a free second.
        for (const name of filesOf(directory)) fs.rmSync(`${directory}/${name}`);
        if (i === 4) expect(await app.ask('reopen')).toBe('reopened');
      }

      const { acknowledged, errors } = await app.ask<{ acknowledged: number; errors: string[] }>('stop');
      run.update({ commits: acknowledged });
      expect(await other.ask<string[]>('stop')).toEqual([]);
      app.kill();
      await app.ended;
      expect(errors).toEqual([]);
      expect(acknowledged).toBeGreaterThan(BACKUPS.length);
      expect(checkLedger(database)).toEqual({ entries: acknowledged });
      run.update({ result: 'ok' });
    },
  );
}
