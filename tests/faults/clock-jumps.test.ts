import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { BackupService } from 'sqlite-autobackup';
import { addEntry, createLedger } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { DAY, HOUR, MINUTE } from '../support/planted-backups';
import { useScripts } from '../support/processes';
import { randomNumbers } from '../support/random';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, checkBackups, contentsOf } from '../support/whole-backups';

// The clock of an app and of its children jumps, by Debian's faketime. That of the disk, which dates files, goes on: as on a server.
const faults = useFaultRecord();
const start = useScripts();
const folder = useTempFolder();
const SEED = Number(process.env['FAULT_SEED'] ?? 1);
const LIBRARY = process.platform === 'linux' ? findLibrary() : undefined;

function findLibrary(): string | undefined {
  try {
    const files = execFileSync('dpkg', ['-L', 'libfaketime'], { encoding: 'utf8' }).split('\n');
    return files.find((file) => file.endsWith('/libfaketime.so.1'));
  } catch {
    return undefined;
  }
}

interface Answer {
  readonly status: 'created' | 'fresh';
  readonly name: string;
  readonly ageMs: number;
  readonly now: string;
  readonly listed: readonly { readonly name: string; readonly problem?: string }[];
}

/** What the clock says, against the right time. The last ones are drawn: within the interval, beyond it, and a few seconds. */
function offsets(): number[] {
  const random = randomNumbers(SEED);
  const drawn = [20 * DAY, 6 * HOUR, 30_000].map((most) => Math.round((random() - 0.5) * 2 * most));
  return [0, 6 * DAY, 8 * DAY, 8 * DAY - HOUR, 0, -9 * DAY, 0, 400 * DAY, ...drawn, 0];
}

const why = LIBRARY === undefined ? ' (not run: it needs Debian’s faketime)' : '';
(LIBRARY === undefined ? test.skip : test)(
  `wherever the clock jumps, a backup is there that it calls fresh; none is overwritten, and no good one is pruned for a bad date (seed ${SEED})${why}`,
  async () => {
    const db = createLedger(folder.file('app.db'), 'wal');
    const file = folder.file('offset');
    const setClock = (ms: number): void => {
      fs.writeFileSync(`${file}.new`, `${ms < 0 ? '-' : '+'}${Math.abs(ms / 1000)}`);
      fs.renameSync(`${file}.new`, file);
    };
    setClock(0);
    const env = { ...process.env, LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file };
    const app = start('clock-app.js', [folder.file('app.db')], {
      env: { ...env, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' },
    });
    const jumps = faults({ law: 6, fault: 'the clock of the app jumps, that of the disk does not', seed: SEED });
    const dues = faults({ law: 4, fault: 'the clock of the app jumps, that of the disk does not', seed: SEED });
    const first = await app.ask<Answer>('go');
    await new BackupService({ database: folder.file('app.db'), logger: memoryLogger() }).protectBackup(first.name);
    let before = contentsOf(folder.path);
    for (const offset of offsets()) {
      addEntry(db);
      setClock(offset);
      jumps.injected();
      dues.injected();
      const { status, name, ageMs, now, listed } = await app.ask<Answer>('go');
      const at = { offset, now, status, name };
      expect(Math.abs(Date.parse(now) - Date.now() - offset)).toBeLessThan(10 * MINUTE);
      // Within a minute ahead it counts: clocks of two machines may differ.
      expect({ ...at, fresh: ageMs >= -MINUTE && ageMs < 7 * DAY }).toEqual({ ...at, fresh: true });
      const there = contentsOf(folder.path);
      expect({ ...at, isNew: status === 'created' }).toEqual({ ...at, isNew: !(name in before) });
      expect(listed.find((each) => each.name === name)).toEqual({ name });
      // Manifests change when a backup is verified or protected; backups never do.
      const changed = backupNames(folder.path).filter((each) => each in before && before[each] !== there[each]);
      expect({ ...at, changed }).toEqual({ ...at, changed: [] });
      expect(checkBackups(folder.path)).toContain(first.name);
      const gone = Object.keys(before).filter((each) => each.endsWith('.db') && !(each in there) && each !== 'app.db');
      // Of what counts by this clock, as much as the policy keeps stays; what does not count is never removed.
      const good = listed.filter(({ problem }) => problem === undefined);
      if (gone.length > 0) expect({ ...at, good: good.length >= 3 }).toEqual({ ...at, good: true });
      jumps.held(gone.length > 0 ? 'older ones pruned' : 'all are there');

      const again = await app.ask<Answer>('go');
      expect({ ...at, again: again.status, same: again.name === name }).toEqual({ ...at, again: 'fresh', same: true });
      expect(backupNames(folder.path)).toEqual(Object.keys(there).filter((each) => /^app_backup.*db$/.test(each)));
      dues.held(status);
      before = there;
    }
    db.close();
  },
);
