import { BackupError } from 'sqlite-autobackup';
import type { Backup, ServiceStatus } from 'sqlite-autobackup';
import { aBackup, DAY, MINUTE } from '../../support/planted-backups';
import { textsFor } from '#dist/dashboard/texts/index.js';
import { sayVerdict } from '#dist/dashboard/texts/say.js';
import { judge } from '#dist/dashboard/verdict.js';

const NOW = Date.now();
const at = new Date(NOW - 2 * DAY);

function status(latest: Backup | undefined, more: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    database: { path: '/shop/app.db', sizeBytes: 4096, journalMode: 'wal', error: undefined, lookedAt: new Date(NOW) },
    directory: '/shop',
    due: latest
      ? { due: false, reason: 'fresh', latest, ageMs: NOW - latest.createdAt.getTime(), dueAt: new Date(NOW + DAY) }
      : { due: true, reason: 'none' },
    latest,
    backupCount: latest ? 1 : 0,
    backupBytes: 4096,
    freeBytes: 3 * 1024 * 1024,
    neededBytes: 4096,
    problems: [],
    lastDrill: undefined,
    onlyHere: undefined,
    provenWithinMs: 30 * DAY,
    runningSince: undefined,
    inProgress: undefined,
    lastFailure: undefined,
    lastVerification: undefined,
    copies: [],
    warnings: [],
    ...more,
  };
}

const failure = (code: BackupError['code'], retryInMs: number) => ({
  error: new BackupError(code, '/secret/path', { step: 'copy', hint: 'Look.' }),
  at,
  retryAt: new Date(NOW + retryInMs),
});
const say = (given: ServiceStatus, locale: 'en' | 'es' = 'en') => {
  const verdict = judge(given);
  return `${verdict.level}: ${sayVerdict(verdict, textsFor(locale, null), NOW)}`;
};

const verified = aBackup(at, { verified: 'quick' });

test.each<[string, ServiceStatus, string, string]>([
  [
    'fresh and verified',
    status(verified),
    'good: Safe: last backup 2 days ago, verified',
    'good: A salvo: última copia hace 2 días, verificada',
  ],
  [
    'verified since it was taken',
    status(aBackup(at, { lastVerification: { level: 'full', ok: true, at: at.toISOString() } })),
    'good: Safe: last backup 2 days ago, verified',
    'good: A salvo: última copia hace 2 días, verificada',
  ],
  [
    'never verified',
    status(aBackup(at)),
    'warn: The last backup, 2 days ago, was never verified',
    'warn: La última copia, de hace 2 días, nunca se ha verificado',
  ],
  [
    'due',
    status(verified, { due: { due: true, reason: 'too-old', latest: verified, ageMs: 2 * DAY } }),
    'warn: A backup is due: the last one is from 2 days ago',
    'warn: Toca hacer una copia: la última es de hace 2 días',
  ],
  ['none', status(undefined), 'bad: There is no backup yet', 'bad: Todavía no hay ninguna copia'],
  [
    'some, of which none counts',
    status(undefined, { backupCount: 2 }),
    'bad: No backup can be used: make a new one',
    'bad: Ninguna copia sirve: haga una nueva',
  ],
  [
    'safe backups of a database that is gone',
    status(verified, {
      database: {
        path: '/shop/app.db',
        sizeBytes: undefined,
        journalMode: undefined,
        error: undefined,
        lookedAt: undefined,
      },
    }),
    'bad: The database is not there',
    'bad: La base de datos no está',
  ],
  [
    'disk full',
    status(verified, { lastFailure: failure('ERR_BACKUP_NO_SPACE', 4 * MINUTE) }),
    'bad: The last attempt failed: disk full, 3 MB free; next try in 4 minutes',
    'bad: El último intento falló: disco lleno, 3 MB libres; próximo intento dentro de 4 minutos',
  ],
  [
    'failed, and the time to wait is over',
    status(undefined, { lastFailure: failure('ERR_BACKUP_TIMEOUT', -MINUTE) }),
    'bad: The last attempt failed: it took too long; next try with the next change in the app',
    'bad: El último intento falló: tardó demasiado; próximo intento con el próximo cambio en la aplicación',
  ],
])('%s', (_, given, en, es) => {
  expect([say(given), say(given, 'es')]).toEqual([en, es]);
});
