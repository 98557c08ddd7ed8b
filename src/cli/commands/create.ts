import { isBackupError } from '../../util/errors.js';
import type { Backup, BackupError, BackupOutcome, SnapshotControl } from '../../index.js';
import { backupJson } from '../as-json.js';
import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { ago, count, seconds, size } from '../format.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';
import type { CreateFlags } from '../flags.js';
import { shipJson, shipLines } from './ship.js';

export const create: CommandFunction<[CreateFlags]> = async (context, { ifDue = false, label }) => {
  const { service } = await openService(context);
  const removed: Backup[] = [];
  const failures: BackupError[] = [];
  service.on('pruned', (report) => removed.push(...report.removed));
  service.on('failed', ({ error }) => failures.push(error));

  const take = async (control: SnapshotControl): Promise<BackupOutcome> =>
    ifDue
      ? service.backupIfDue({ ...control, label })
      : { status: 'created', backup: await service.createBackup({ ...control, label }) };
  const outcome = await withProgress(context, take);
  const now = Date.now();
  if (outcome.status === 'backing-off') throw outcome.error;
  if (outcome.status === 'disabled') {
    return {
      exitCode: EXIT.nothingToDo,
      document: { status: 'disabled' },
      lines: ['Backups are switched off: none is taken.'],
    };
  }
  if (outcome.status === 'fresh') {
    const { latest, ageMs } = outcome;
    return {
      exitCode: EXIT.nothingToDo,
      document: { status: 'fresh', latest: backupJson(latest, now), ageMs },
      lines: [`Nothing is due: ${latest.name} was taken ${ago(ageMs)}.`],
    };
  }
  const { backup } = outcome;
  // This process ends now, and the app would copy this backup only after its own next one.
  const shipped = await service.shipPending({ signal: context.signal });
  for (const error of shipped.flatMap(({ errors }) => errors)) context.terminal.trouble(error.message);
  const durationMs = backup.manifest?.durationMs ?? null;
  // The backup stands; a later failure (pruning) is reported, but does not change the exit code.
  for (const error of failures) if (isBackupError(error)) context.terminal.trouble(error.message);
  if (removed.length > 0) {
    context.terminal.note(
      `Removed ${count(removed.length, 'old backup')}: ${removed.map(({ name }) => name).join(', ')}`,
    );
  }
  return {
    exitCode: EXIT.done,
    document: {
      status: 'created',
      backup: backupJson(backup, now),
      durationMs,
      removed: removed.map(({ name }) => name),
      warnings: failures.map(({ message }) => message),
      copies: shipped.map(shipJson),
    },
    lines: [
      `Created ${backup.name} (${size(backup.sizeBytes)}${durationMs === null ? '' : `, ${seconds(durationMs)}`})`,
      ...shipped
        .filter(({ shipped: names }) => names.length > 0)
        .flatMap((report) => shipLines({ ...report, errors: [] })),
    ],
  };
};
