import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { keep } from 'sqlite-autobackup';
import type { Backup, RetentionPolicy } from 'sqlite-autobackup';
import { newestFirst, toBackup } from '#dist/catalog/backup.js';
import { backupName, parseBackupName } from '#dist/catalog/backup-name.js';
import { checkDue } from '#dist/catalog/due-check.js';
import { findLatestBackup } from '#dist/catalog/latest-backup.js';
import { listBackups } from '#dist/catalog/list-backups.js';
import { applyRetention } from '#dist/retention/apply-retention.js';
import { runSync } from '#dist/util/file-work.js';
import { aBackup, aManifest, HOUR, MINUTE, NAMING, writeBackup } from '../support/planted-backups';
import { DIST, runNode } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const time = fc.integer({ min: Date.parse('2015-01-01T00:00:00Z'), max: NOW + 40 * 24 * HOUR });

const backup = fc.record({
  at: time,
  protected: fc.boolean(),
  verified: fc.boolean(),
  problem: fc.option(fc.constantFrom('damaged', 'dated in the future', 'unreadable manifest', 'failed verification'), {
    freq: 5,
    nil: undefined,
  }),
});
const backups = fc.array(backup, { maxLength: 40 }).map((all) =>
  all
    .map(({ at, problem, verified, ...rest }, i) =>
      aBackup(new Date(at), {
        ...rest,
        name: `app_backup_${i}.db`,
        ...(problem && { problem: problem as NonNullable<Backup['problem']> }),
        ...(verified && { verified: 'quick' }),
      }),
    )
    .sort(newestFirst),
);
const count = fc.option(fc.nat(12), { nil: undefined });
const rules = fc
  .record({ last: count, daily: count, weekly: count, monthly: count, yearly: count })
  .map((all) => keep(JSON.parse(JSON.stringify(all)) as object));
/** Any policy at all: it keeps and removes what it likes, and may mention one backup twice. */
const whim: fc.Arbitrary<RetentionPolicy> = fc.infiniteStream(fc.nat(3)).map((choices) => (shown) => {
  const choice = new Map(shown.map((each) => [each, choices.next().value as number]));
  return {
    keep: shown.filter((each) => choice.get(each) === 0).map((each) => ({ backup: each, reasons: ['a whim'] })),
    remove: shown.filter((each) => choice.get(each)! > 1),
  };
});
const policy = fc.oneof(rules, whim);

describe('retention, whatever the policy and the backups,', () => {
  const holds = (property: (all: Backup[], plan: ReturnType<typeof applyRetention>) => void) => {
    fc.assert(
      fc.property(backups, policy, (all, chosen) => property(all, applyRetention(chosen, all, new Date(NOW)))),
      { numRuns: 500 },
    );
  };

  test('never removes the newest good backup, nor the newest verified one', () => {
    holds((all, { remove }) => {
      const good = all.filter(({ problem }) => !problem);
      expect(remove).not.toContain(good[0]);
      expect(remove).not.toContain(good.find(({ verified }) => verified));
    });
  });

  test('never removes a protected backup or one with a problem', () => {
    holds((_, { remove }) => {
      expect(remove.filter((each) => each.protected || each.problem)).toEqual([]);
    });
  });

  test('has a reason for whatever is kept, and a place for every backup', () => {
    holds((all, { keep: kept, remove }) => {
      expect(kept.filter(({ reasons }) => reasons.length === 0 || reasons.includes(''))).toEqual([]);
      expect([...kept.map(({ backup: each }) => each), ...remove].sort(newestFirst)).toEqual(all);
    });
  });
});

/** What a policy in plain JavaScript may return: anything at all, or something of nearly the right shape. */
const nonsense = (shown: readonly Backup[]): fc.Arbitrary<unknown> => {
  const one = fc.oneof(
    { weight: 8, arbitrary: shown.length > 0 ? fc.constantFrom(...shown) : fc.constant(undefined) },
    { weight: 1, arbitrary: fc.anything() },
  );
  const reasons = fc.constantFrom(undefined, null, ['a reason'], []);
  const kept = fc.array(fc.record({ backup: one, reasons }, { requiredKeys: ['backup'] }), { maxLength: 3 });
  const nearly = fc.record({ keep: fc.oneof(kept, fc.anything()), remove: fc.oneof(fc.array(one), fc.anything()) });
  return fc.oneof({ weight: 1, arbitrary: fc.anything() }, { weight: 5, arbitrary: nearly });
};

test('a policy that returns anything at all fails as one, or removes nothing that must stay', () => {
  const scenario = backups.chain((all) =>
    fc.record({ all: fc.constant(all), returned: nonsense(all.filter(({ problem }) => !problem)) }),
  );
  fc.assert(
    fc.property(scenario, ({ all, returned }) => {
      let remove: readonly Backup[] = [];
      try {
        remove = applyRetention(() => returned as never, all, new Date(NOW)).remove;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_BACKUP_RETENTION_FAILED' });
      }
      const good = all.filter(({ problem }) => !problem);
      expect(remove).not.toContain(good[0]);
      expect(remove).not.toContain(good.find(({ verified }) => verified));
      expect(remove.filter((each) => each.protected || each.problem || !all.includes(each))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('retention never takes a backup that is known to be bad for the newest good one', () => {
  // The newest ones failed their last verification, whatever they were when they were taken.
  const scenario = fc
    .record({ all: backups, bad: fc.nat(5) })
    .map(({ all, bad }) =>
      all.map((each, i) =>
        i < bad ? { ...each, verified: 'full' as const, problem: 'failed verification' as const } : each,
      ),
    );
  fc.assert(
    fc.property(scenario, policy, (all, chosen) => {
      const { keep: kept, remove } = applyRetention(chosen, all, new Date(NOW));
      const good = all.filter(({ problem }) => !problem);
      expect(kept.find(({ reasons }) => reasons.includes('newest'))?.backup).toBe(good[0]);
      expect(remove).not.toContain(good[0]);
      expect(remove.filter(({ problem }) => problem)).toEqual([]);
    }),
  );
});

describe('age never lies:', () => {
  const file = fc.record({
    nameTime: time.map((ms) => new Date(Math.floor(ms / 1000) * 1000)),
    mtimeMs: time,
    manifestTime: fc.option(time, { nil: undefined }),
  });
  const from = ({ nameTime, mtimeMs, manifestTime }: typeof file extends fc.Arbitrary<infer T> ? T : never) => {
    const createdAt = manifestTime === undefined ? undefined : new Date(manifestTime).toISOString();
    const manifest = createdAt === undefined ? undefined : aManifest({ createdAt, sizeBytes: 4096 });
    return toBackup({ name: 'x', path: '/x', nameTime, sizeBytes: 4096, mtimeMs, manifest }, NOW);
  };

  test('no backup counts as younger than its file, nor as younger than its recorded time', () => {
    fc.assert(
      fc.property(file, (known) => {
        const at = from(known).createdAt.getTime();
        expect(at).toBeLessThanOrEqual(known.mtimeMs);
        expect(at).toBeLessThanOrEqual(known.manifestTime ?? known.nameTime.getTime());
        // A manifest may correct its name by a time zone, and by no more.
        expect(at).toBeLessThanOrEqual(known.nameTime.getTime() + 26 * HOUR);
      }),
    );
  });

  test('what is recorded more than a minute ahead of the clock does not count, whatever its file says', () => {
    fc.assert(
      fc.property(file, (known) => {
        const recorded = known.manifestTime ?? known.nameTime.getTime();
        if (recorded > NOW + 27 * HOUR) expect(from({ ...known, nameTime: new Date(recorded) }).problem).toBeDefined();
      }),
    );
  });

  test('due is exactly what is not younger than the interval', () => {
    fc.assert(
      fc.property(time, fc.integer({ min: 0, max: 400 * 24 * HOUR }), (at, intervalMs) => {
        const { due } = checkDue({ latest: aBackup(new Date(at)), now: NOW, intervalMs });
        expect(due).toBe(Math.max(0, NOW - at) >= intervalMs);
      }),
    );
  });
});

describe('names', () => {
  test.each(['UTC', 'Europe/Madrid', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia', 'Australia/Lord_Howe'])(
    'come back to the second in %s, but for the hour that a clock change repeats',
    (TZ) => {
      const wrong = runNode(
        `
        const { backupName, parseBackupName } = require('${DIST.replaceAll('\\', '/')}/catalog/backup-name.js');
        const naming = { prefix: 'app_backup_', extension: '.db' };
        const wrong = [];
        for (let ms = Date.UTC(2010, 0, 1); ms < Date.UTC(2030, 0, 1); ms += 1_234_567_000 / 97) {
          const date = new Date(Math.floor(ms / 1000) * 1000);
          const back = parseBackupName(naming, backupName(naming, date));
          const name = backupName(naming, back);
          if (name !== backupName(naming, date) || back > date || date - back > 3_600_000) wrong.push(String(date));
        }
        console.log(JSON.stringify(wrong));`,
        { env: { TZ } },
      );
      expect(wrong).toEqual([]);
    },
  );

  test('nothing but a name of the pattern is one', () => {
    const alphabet = fc.constantFrom(...Array.from('app_backup_0123456789.db/\\ \0'));
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 40 }), (text) => {
        const date = parseBackupName(NAMING, text);
        if (date) expect(backupName(NAMING, date)).toBe(text);
      }),
    );
  });
});

describe('the newest backup of a real folder', () => {
  const folder = useTempFolder();

  test('is the first in the list that has no problem, whatever is in the folder', () => {
    const entry = fc.record({
      at: fc.integer({ min: NOW - 90 * 24 * HOUR, max: NOW + 2 * HOUR }),
      touchedMs: fc.integer({ min: -40 * HOUR, max: 40 * HOUR }),
      manifestMs: fc.option(fc.integer({ min: -30 * HOUR, max: 30 * HOUR }), { nil: undefined }),
      sizeBytes: fc.constantFrom(0, 4096),
      verifiedOk: fc.constantFrom(undefined, true, false),
    });
    let round = 0;
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
        const directory = folder.file(String(round++));
        fs.mkdirSync(directory);
        for (const { at, touchedMs, manifestMs, sizeBytes, verifiedOk } of entries) {
          writeBackup(directory, new Date(at), {
            mtime: new Date(at + touchedMs),
            sizeBytes,
            manifest: manifestMs !== undefined && {
              createdAt: new Date(at + manifestMs).toISOString(),
              ...(verifiedOk !== undefined && {
                lastVerification: { level: 'quick', ok: verifiedOk, at: '2026-11-24T09:30:01.000Z' },
              }),
            },
          });
        }
        const where = { directory, naming: NAMING };
        const listed = runSync(listBackups(where, NOW)).find(({ problem }) => !problem);
        expect(findLatestBackup(where, NOW).latest).toEqual(listed);
        expect(fs.existsSync(path.join(directory, listed?.name ?? '.'))).toBe(true);
      }),
    );
  });

  test('up to a minute ahead of the clock counts', () => {
    writeBackup(folder.path, new Date(NOW + MINUTE));
    expect(findLatestBackup({ directory: folder.path, naming: NAMING }, NOW).latest).toBeDefined();
    expect(findLatestBackup({ directory: folder.path, naming: NAMING }, NOW - 1).latest).toBeUndefined();
  });
});
