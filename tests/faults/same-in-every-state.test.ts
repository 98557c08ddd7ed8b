import fs from 'node:fs';
import { BackupService, withAutoBackup } from 'sqlite-autobackup';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';

// With real backups and real failures; tests/unit/decorator/every-state.test.ts has many more functions, and a fake snapshotter.
const faults = useFaultRecord();
const folder = useTempFolder();

const STATES: Record<string, (database: string, directory: string) => void> = {
  'no backup yet': () => {},
  'a database that is garbage': (database) => fs.writeFileSync(database, 'garbage'.repeat(999)),
  'a database that is gone': (database) => fs.rmSync(database),
  'a backup folder that is gone': (_database, directory) => fs.rmdirSync(directory),
  'a file in the place of the lock': (_database, directory) => fs.mkdirSync(`${directory}/.app_backup.lock`),
};
const BODIES: Record<string, (id: number) => Promise<unknown>> = {
  'an async function': async (id) => id,
  'an async function that throws': async (id) => {
    throw new RangeError(`no ${id}`);
  },
  'a function that returns a promise': (id) => Promise.resolve(id),
  'a function that throws': (id) => {
    throw new RangeError(`no ${id}`);
  },
};
const IDS = [1, 2, 3];

test.each(Object.entries(STATES))(
  'with %s, then backing off, then fresh: results, errors and order are as without',
  async (state, put) => {
    const same = faults({ law: 8, fault: `a protected call with ${state}` });
    let made = 0;
    for (const [body, original] of Object.entries(BODIES)) {
      const database = folder.file(`app${++made}`, 'app.db');
      const directory = folder.file(`app${made}`, 'backups');
      fs.mkdirSync(directory, { recursive: true });
      createState(database, 'wal', { tag: 'a', rows: 5 }).close();
      put(database, directory);
      const service = new BackupService({ database, directory, logger: memoryLogger() });
      const started: number[] = [];
      const noted = (id: number): Promise<unknown> => {
        started.push(id);
        return original(id);
      };
      const protectedBody = withAutoBackup(noted, { service, label: 'it' });
      const plain = await outcomes(noted);
      // The second round meets what the first has left: a fresh backup, or the time to back off.
      for (const round of [1, 2]) {
        same.injected(IDS.length);
        started.length = 0;
        const found = await outcomes(protectedBody);
        expect({ body, round, found, started }).toEqual({ body, round, found: plain, started: IDS });
        same.held('its own answer, in its turn', IDS.length);
      }
    }
  },
);

/** What calls at once come to, in words. */
async function outcomes(body: (id: number) => unknown): Promise<string[]> {
  const all = await Promise.allSettled(IDS.map(async (id) => body(id)));
  return all.map((each) => (each.status === 'fulfilled' ? `gave ${each.value}` : `threw ${each.reason}`));
}
