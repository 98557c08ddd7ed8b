import { absolutePath } from '../util/absolute-path.js';
import type { ServiceContext } from './service-context.js';
import { ensureEnabled } from './backup-runner.js';
import { liveDatabase } from './options.js';
import type { Backup } from '../catalog/backup.js';
import { parseBackupName } from '../catalog/backup-name.js';
import { backupNamed } from '../catalog/list-backups.js';
import { BackupError, isBackupError } from '../util/errors.js';
import { show } from '../util/show.js';
import { traced } from '../util/tracing.js';
import { wrongOption } from '../util/validate.js';
import type { RestoreOptions, VerifyOptions } from './method-types.js';
import type { PruneReport } from './events.js';
import { removeOnlyHere, writeDrill, writeOnlyHere } from './folder-records.js';
import { prune } from './prune.js';
import { failure } from './record-activity.js';
import { findSetUpFault } from './set-up.js';
import { deleteFiles } from '../catalog/delete-backup.js';
import type { RestoreReport, VerifyReport } from '../child/protocol.js';
import type { SnapshotControl } from '../util/control.js';
import { snapshotterFailed } from './snapshotter-answers.js';

// The service's actions on a finished backup, given by its name.

export async function verify(context: ServiceContext, name: string, options: VerifyOptions): Promise<VerifyReport> {
  const { level = 'quick', assertions = context.options.assertions, ...control } = options;
  await findBackup(context, name);
  const { database, directory, timeoutMs, snapshotter } = context.options;
  const request = { database, directory, name, level, timeoutMs, ...(level === 'drill' && { assertions }) };
  const trace = { operation: 'verify', database, backup: name } as const;
  const report = await traced(trace, control, (followed) => answerOf(snapshotter.verify(request, followed)));
  context.log[report.ok ? 'info' : 'error'](context.messages.verified(report));
  // A folder that can't be written, or that stands still, is no reason to keep back what was found.
  if (level === 'drill') await writeDrill(context.options, { name, ok: report.ok, at: new Date() }).catch(() => {});
  context.events.emit('verified', report);
  await context.activity.settled();
  return report;
}

export async function acceptOnlyHere({ options, gate }: ServiceContext, on: boolean, by?: string): Promise<void> {
  if (typeof on !== 'boolean') throw wrongOption(`acceptOnlyHere: "on" is ${show(on)}.`, 'It must be true or false.');
  try {
    if (on) await writeOnlyHere(options, { at: new Date(), by: by?.slice(0, 200) });
    else await gate.run(removeOnlyHere(options));
  } catch (cause) {
    throw new BackupError('ERR_BACKUP_RECORD_FAILED', `That could not be recorded in "${options.directory}".`, {
      step: 'record',
      hint: 'Give this process write permission on the folder.',
      cause,
    });
  }
}

export async function restore(context: ServiceContext, name: string, options: RestoreOptions): Promise<RestoreReport> {
  ensureEnabled(context.options);
  const { to, whileWritten = false, ...control } = options;
  const { log, messages, events, activity } = context;
  await findBackup(context, name);
  const { directory, verify: level, timeoutMs, snapshotter } = context.options;
  const live = liveDatabase(context.options);
  const request = { ...live, directory, name, verify: level, timeoutMs, ...(whileWritten && { whileWritten }) };
  let report: RestoreReport;
  try {
    const target = to === undefined ? {} : { to: absolutePath(to) };
    const trace = { operation: 'restore', database: live.database, backup: name } as const;
    report = await traced(trace, control, (followed) =>
      answerOf(snapshotter.restore({ ...request, ...target }, followed)),
    );
  } catch (error) {
    if (isBackupError(error)) {
      log.error(messages.restoreFailed(name, error));
      activity.record({ ...failure('restore', error), name });
      await activity.settled();
    }
    throw error;
  }
  const safety = report.safetyBackup !== undefined && (await namedBackup(context, report.safetyBackup));
  // A backup like any other: whoever copies new ones elsewhere wants this one too.
  if (safety) events.emit('created', { backup: safety, label: safety.label, durationMs: safety.manifest!.durationMs });
  // The live database is whole and proven again: an earlier attempt's failure says nothing about it.
  if (report.method !== 'copy') context.runner.lastFailure = undefined;
  log.info(messages.restored(report));
  events.emit('restored', report);
  await activity.settled();
  return report;
}

export async function protect(
  context: ServiceContext,
  name: string,
  on: boolean,
  control: SnapshotControl,
): Promise<void> {
  if (typeof on !== 'boolean') throw wrongOption(`protectBackup: "on" is ${show(on)}.`, 'It must be true or false.');
  await findBackup(context, name);
  const { database, directory, timeoutMs, snapshotter } = context.options;
  await answerOf(snapshotter.protect({ database, directory, name, protected: on, timeoutMs }, control));
  context.log.info(context.messages.protected(name, on));
  context.events.emit('protected', { name, protected: on });
  await context.activity.settled();
}

export async function deleteBackup(context: ServiceContext, name: string): Promise<void> {
  const { options, log, messages, events, gate, activity } = context;
  const backup = await findBackup(context, name);
  await gate.run(deleteFiles(options, backup));
  log.info(messages.deleted(backup));
  events.emit('deleted', { name });
  await activity.settled();
}

/** Throws what is wrong with the set-up. */
export async function checkSetUp({ gate, options }: ServiceContext): Promise<void> {
  const fault = await gate.run(findSetUpFault(options));
  if (fault) throw fault;
}

export async function pruneNow(context: ServiceContext, dryRun: boolean): Promise<PruneReport> {
  const { gate, options, runner, activity } = context;
  const report = await gate.run(prune(options, dryRun));
  if (!dryRun) runner.reportPruned(report);
  await activity.settled();
  return report;
}

/** A snapshotter of the user's own may fail in its own way. */
export async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw isBackupError(error) ? error : snapshotterFailed(error);
  }
}

/** A listed backup. Names come from users and from the web: only names of the pattern ever reach the file system. */
export async function findBackup(context: ServiceContext, name: string): Promise<Backup> {
  const { options } = context;
  if (typeof name !== 'string' || !parseBackupName(options.naming, name)) {
    const { prefix, extension } = options.naming;
    throw new BackupError('ERR_BACKUP_INVALID_NAME', `${show(name)} is not the name of a backup.`, {
      step: 'call',
      hint: `Names look like "${prefix}20261124_093000${extension}"; listBackups() has them.`,
    });
  }
  const backup = await namedBackup(context, name);
  if (backup) return backup;
  throw new BackupError('ERR_BACKUP_NOT_FOUND', `There is no backup "${name}" in "${options.directory}".`, {
    step: 'call',
    hint: 'listBackups() has the names; it may have been pruned meanwhile.',
  });
}

export function namedBackup({ gate, options }: ServiceContext, name: string): Promise<Backup | undefined> {
  return gate.run(backupNamed(options, name, Date.now()));
}
