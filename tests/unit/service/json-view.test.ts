import { BackupError } from 'sqlite-autobackup';
import type { Activity, RecoverReport, RestoreReport, ServiceStatus, VerifyReport } from 'sqlite-autobackup';
import { activityView, backupView, errorView, restoreView, statusView, verifyView } from '#dist/service/json-view.js';
import { AT_THE_MACHINE, recoveryOnTheWeb } from '#dist/service/redact.js';
import type { Reader } from '#dist/service/redact.js';
import { aBackup, aManifest } from '../../support/planted-backups';

// Everything that can name a folder does, and everything that is made of rows names Anna.
const FOLDER = '/private/shop';
const NOW = new Date('2026-11-25T09:30:00Z').getTime();
const at = new Date('2026-11-24T09:30:00Z');
const error = new BackupError('ERR_BACKUP_CHILD_FAILED', `"${FOLDER}/app.db" is gone.`, {
  step: 'copy',
  hint: `Look into ${FOLDER}.`,
});
const anna = "SELECT count(*) = 0 FROM patients WHERE name = 'Anna'";
const problems = [`${FOLDER}/app.db: page 3 is damaged`, `assertion failed: ${anna} (it returned 0)`];
const assertions = [{ sql: anna, ok: false, error: 'it returned 0' }];
const store = `${FOLDER}/nas`;
const backup = aBackup(at, {
  path: `${FOLDER}/app_backup_20261124_093000.db`,
  lastVerification: { level: 'drill', ok: false, at: at.toISOString(), problems, assertions } as never,
  copies: [{ store, state: 'copied', at, sizeBytes: 1024 }] as never,
  manifest: aManifest(),
});
const status: ServiceStatus = {
  database: { path: `${FOLDER}/app.db`, sizeBytes: 4096, journalMode: 'wal', error, lookedAt: at },
  directory: FOLDER,
  due: { due: false, reason: 'fresh', latest: backup, ageMs: 86_400_000, dueAt: at } as never,
  latest: backup,
  backupCount: 1,
  backupBytes: 4096,
  problems: [],
  freeBytes: 1e9,
  neededBytes: 4096,
  runningSince: undefined,
  inProgress: undefined,
  lastFailure: { error, at, retryAt: at },
  copies: [
    {
      store,
      host: 'till-1',
      copyCount: 1,
      copyBytes: 1024,
      latest: { name: backup.name, createdAt: at, shippedAt: at },
      pending: [backup.name],
      pendingSince: at,
      shippingNow: undefined,
      lastError: {
        code: 'ERR_BACKUP_STORE_FAILED' as never,
        message: `${store} is full`,
        name: backup.name,
        at,
        failures: 2,
        retryAt: at,
      },
    },
  ],
  lastVerification: undefined,
  lastDrill: undefined,
  provenWithinMs: 86_400_000,
  onlyHere: undefined,
  warnings: [`"${FOLDER}" is nearly full.`],
};
const verified: VerifyReport = {
  ...{ name: backup.name, level: 'drill', ok: false, problems, findings: [], uncheckedTables: [], assertions },
  ...{ recorded: true, sizeBytes: 4096, sha256: 'a', durationMs: 1 },
};
const restored: RestoreReport = {
  ...{ name: backup.name, path: `${FOLDER}/app.db`, method: 'offline', movedAside: [`${FOLDER}/app.db.old`] },
  ...{ sizeBytes: 4096, pageCount: 1, journalMode: 'wal', sha256: 'a', durationMs: 1 },
};
const activity: Activity = {
  ...{ at, action: 'failed', by: { via: 'app', user: 'shop', pid: 4711 }, of: 'restore', store },
  ...{ message: `${FOLDER} is full`, to: `${FOLDER}/copy.db` },
};

function allViews(reader: Reader): object[] {
  const words = { sentence: () => 'Not safe', say: () => ({ say: 'because' }) };
  return [
    errorView(error, reader),
    backupView(backup, reader, NOW),
    verifyView(verified, reader),
    restoreView(restored, reader),
    activityView(activity, reader),
    statusView(status, reader, NOW, words),
  ];
}

const web = (maySeeRows: boolean): Reader => ({ at: 'web', directory: FOLDER, maySeeRows });

test.each([true, false])(
  'nothing that is told on the web names a folder, with the right to download or not: %s',
  (may) => {
    for (const view of allViews(web(may))) {
      const text = JSON.stringify(view);
      expect(text).not.toContain('private');
      expect(text.includes('Anna')).toBe(may && text.includes('"assertions"'));
    }
  },
);

test('whoever sits at the machine is told all of it', () => {
  for (const view of allViews(AT_THE_MACHINE)) expect(JSON.stringify(view)).toContain(FOLDER);
  const { copies, warnings, lastFailure } = statusView(status, AT_THE_MACHINE, NOW, {
    sentence: () => '',
    say: () => ({ say: '' }),
  });
  expect([copies[0]?.store, copies[0]?.host, warnings]).toEqual([store, 'till-1', status.warnings]);
  expect(lastFailure).toMatchObject({ message: error.message, hint: error.hint });
});

test('both are told the same of everything else', () => {
  const seen = backupView(backup, web(true), NOW);
  expect(backupView(backup, AT_THE_MACHINE, NOW)).toMatchObject({
    ...{ name: seen.name, createdAt: seen.createdAt, ageMs: 86_400_000, pageCount: 1, durationMs: 80 },
  });
  expect(seen.copies).toEqual([{ store: 'nas', state: 'copied', at, sizeBytes: 1024 }]);
});

test('a recovery tells the web of values only with the right to see them, and never its undo command', () => {
  const report = { undo: `sqlite-autobackup --directory ${FOLDER}`, conflicts: [{ live: 'Anna' }], newKeys: ['Anna'] };
  for (const may of [true, false]) {
    const text = JSON.stringify(recoveryOnTheWeb(report as unknown as RecoverReport, may));
    expect([text.includes('Anna'), text.includes('private')]).toEqual([may, false]);
  }
});
