import fs from 'node:fs';
import fc from 'fast-check';
import { BackupService, keep } from 'sqlite-autobackup';
import type { KeepRules, Snapshotter } from 'sqlite-autobackup';
import { backupName } from '#dist/catalog/backup-name.js';
import { readBackup } from '#dist/catalog/list-backups.js';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { DAY, HOUR, MINUTE, NAMING, writeBackup } from '../../support/planted-backups';
import { useTempFolder } from '../../support/temp-folder';

// A clock that jumps between calls, and a server that gives files times of its own. Only the clock is not real.
const folder = useTempFolder();
const START = Date.UTC(2026, 10, 24, 12);
/** No clock is before the epoch, whatever the zone, nor much later than this. */
const [FIRST, LAST] = [Date.UTC(1969, 11, 31, 12), Date.UTC(2099, 11, 31)];
const RETRY_AFTER = 5 * MINUTE;

afterEach(() => jest.restoreAllMocks());

const jump = fc.oneof(
  fc.integer({ min: -30_000, max: 30_000 }),
  fc.integer({ min: -10, max: 10 }).map((days) => days * DAY),
  // Further than the interval, and less than what counts as a wrong clock.
  fc.integer({ min: 31, max: 100 }).map((days) => days * DAY),
  fc.constantFrom(-100 * 365 * DAY, 73 * 365 * DAY),
);
const step = fc.record({ jump, mtimeOff: fc.constantFrom(0, 0, 0, -10 * 365 * DAY, -HOUR, HOUR), fails: fc.boolean() });
const rules = fc.constantFrom<KeepRules>(
  { last: 1 },
  { last: 2 },
  { daily: 7 },
  { within: '30d' },
  { within: '1m' },
  { last: 20, weekly: 8, monthly: 12 },
);

test('whatever the clocks do: no call prunes what it made, a good backup stays, and nothing waits longer than the back-off', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), rules, async (steps, policy) => {
      for (const name of folder.list()) fs.rmSync(folder.file(name));
      let now = START;
      jest.spyOn(Date, 'now').mockImplementation(() => now);
      let next = steps[0]!;
      const create: Snapshotter['create'] = async () => {
        if (next.fails) throw new Error('no');
        // As the child does: the next second that is free.
        let at = new Date(Math.floor(now / 1000) * 1000);
        while (folder.list().includes(backupName(NAMING, at))) at = new Date(at.getTime() + 1000);
        const name = writeBackup(folder.path, at, { mtime: new Date(at.getTime() + next.mtimeOff), manifest: true });
        const backup = readBackup({ directory: folder.path, naming: NAMING }, name, at.getTime())!;
        return Promise.resolve({ status: 'created', backup, durationMs: 1 });
      };
      const service = new BackupService({
        database: folder.file('app.db'),
        retention: keep(policy),
        retryAfter: RETRY_AFTER,
        logger: { info() {}, warn() {}, error() {} },
        snapshotter: { ...fakeSnapshotter(), create },
      });
      for (next of steps) {
        now = Math.min(Math.max(now + next.jump, FIRST), LAST);
        const before = folder.list().filter((name) => name.endsWith('.db'));
        const outcome = await service.backupIfDue().catch(() => undefined);
        const after = folder.list().filter((name) => name.endsWith('.db'));
        if (outcome?.status === 'created') expect(after).toContain(outcome.backup.name);
        else expect(after).toEqual(before);
        if (before.length > 0) expect(after.length).toBeGreaterThan(0);
        if (outcome?.status === 'backing-off') {
          expect(outcome.retryAt.getTime() - now).toBeLessThanOrEqual(RETRY_AFTER);
        }
      }
    }),
    { numRuns: 60 },
  );
});
