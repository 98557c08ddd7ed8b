// Functions, options and events: compiled by `npm run typecheck`, never run.
import { BackupService, configureAutoBackup, isBackupError, keep, withAutoBackup } from 'sqlite-autobackup';
import type {
  Backup,
  BackupError,
  BackupOutcome,
  BackupServiceOptions,
  DatabaseSource,
  DueCheck,
  Duration,
  PruneReport,
  RetentionPolicy,
} from 'sqlite-autobackup';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => {};

const close = withAutoBackup(async (month: string, force?: boolean) => month.length);
holds<Equal<typeof close, (month: string, force?: boolean) => Promise<number>>>();

const total = withAutoBackup((a: number) => a, { blocking: true });
holds<Equal<typeof total, (a: number) => number>>();

// A wrapper of one's own, which knows of its function only that it returns a promise.
const protect = <F extends (id: number) => Promise<unknown>>(fn: F): F => withAutoBackup(fn);
const removed = protect(async (id: number) => `removed ${id}`);
holds<Equal<typeof removed, (id: number) => Promise<string>>>();

// @ts-expect-error -- a value, without blocking
withAutoBackup((a: number) => a);
// @ts-expect-error -- a generator
withAutoBackup(function* () {}, { blocking: true });
// @ts-expect-error -- no such option
withAutoBackup(async () => {}, { when: 'before' });

const service = configureAutoBackup({
  database: 'app.db',
  interval: '7d',
  retention: keep({ last: 5, within: '30d' }),
});
// @ts-expect-error -- the database is required
new BackupService({});
// @ts-expect-error -- no such level
new BackupService({ database: 'app.db', verify: 'deep' });
// @ts-expect-error -- no such rule
keep({ hourly: 3 });

service.on('created', ({ backup, durationMs }) => {
  holds<Equal<typeof backup, Backup>>();
  holds<Equal<typeof durationMs, number>>();
});
service.on('failed', ({ error, label, retryAt }) => {
  holds<Equal<typeof error, BackupError>>();
  holds<Equal<typeof label, string | undefined>>();
  holds<Equal<typeof retryAt, Date | undefined>>();
});
service.on('pruned', (report) => holds<Equal<typeof report, PruneReport>>());
service.on('deleted', ({ name }) => holds<Equal<typeof name, string>>());
const off: () => void = service.on('created', () => {});
holds<Equal<Duration, number | string>>();
holds<Equal<ReturnType<typeof service.backupIfDue>, Promise<BackupOutcome>>>();
holds<Equal<ReturnType<typeof service.createBackupSync>, Backup>>();
holds<Equal<BackupServiceOptions['database'], string | DatabaseSource>>();
// @ts-expect-error -- a length of time is a number or a text
new BackupService({ database: 'app.db', interval: new Date() });
// @ts-expect-error -- nobody can wait for the sync form, so there is nothing to cancel
service.createBackupSync({ signal: new AbortController().signal });
// @ts-expect-error -- the name of a backup is needed
void service.deleteBackup();
// `this` of a function is the object that its service is asked of.
const bound = withAutoBackup(async function (this: { backups: BackupService }, n: number) {}, {
  service: (self) => self.backups,
});
holds<Equal<ThisParameterType<typeof bound>, { backups: BackupService }>>();
service.on('failed', ({ error }) => isBackupError(error, 'ERR_BACKUP_NO_SPACE'));
// @ts-expect-error -- no such event
service.on('ready', () => {});
// @ts-expect-error -- no such code
isBackupError(null, 'ERR_OTHER');

export function describe(outcome: BackupOutcome, check: DueCheck): string {
  if (check.reason === 'fresh') return check.dueAt.toISOString();
  switch (outcome.status) {
    case 'created':
      return outcome.backup.name;
    case 'fresh':
      return `${outcome.latest.name} ${outcome.ageMs}`;
    case 'backing-off':
      return outcome.retryAt.toISOString();
    case 'disabled':
      return 'disabled';
  }
}

export const none: RetentionPolicy = (backups, { now }) => ({
  keep: backups.map((backup) => ({ backup, reasons: [now.toISOString()] })),
  remove: [],
});
