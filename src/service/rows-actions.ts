import path from 'node:path';
import type { DatabaseDiff, QueryResult, RecoverReport } from '../child/rows-protocol.js';
import { parseDuration } from '../util/duration.js';
import { BackupError, isBackupError } from '../util/errors.js';
import { sqlToJson } from '../util/sql-value.js';
import { show } from '../util/show.js';
import { traced } from '../util/tracing.js';
import { wrongOption } from '../util/validate.js';
import { answerOf, findBackup, namedBackup } from './backup-actions.js';
import type { DiffOptions, QueryOptions, RecoverOptions } from './method-types.js';
import { liveDatabase } from './options.js';
import { failure } from './record-activity.js';
import type { ServiceContext } from './service-context.js';

// The service's actions on the rows of a finished backup.

export async function diff(context: ServiceContext, name: string, options: DiffOptions): Promise<DatabaseDiff> {
  const { against = 'live', tables, rows = 0, skip = 0, ...control } = options;
  await findBackup(context, name);
  if (against !== 'live') await findBackup(context, against);
  const { directory, timeoutMs, snapshotter } = context.options;
  if (!snapshotter.diff) throw cannot('diff');
  const request = {
    ...liveDatabase(context.options),
    directory,
    name,
    against,
    rows,
    skip,
    timeoutMs,
    ...(tables && { tables }),
  };
  return answerOf(snapshotter.diff(request, control));
}

export async function recover(context: ServiceContext, name: string, options: RecoverOptions): Promise<RecoverReport> {
  const {
    table,
    where,
    removed = false,
    related = true,
    onConflict,
    triggers = true,
    create = false,
    ...rest
  } = options;
  const { set = {}, dryRun = false, plan, sql, timeout = '10s', ...control } = rest;
  if ((where === undefined) === !removed) {
    throw wrongOption(
      `recoverRows: ${removed ? 'both "where" and "removed" are given' : 'neither "where" nor "removed" is given'}.`,
      'Give one of them.',
    );
  }
  await findBackup(context, name);
  const { directory, verify, timeoutMs, snapshotter } = context.options;
  if (!snapshotter.recover) throw cannot('recover');
  const request = {
    ...liveDatabase(context.options),
    ...{ directory, name, table, removed, related, triggers, create, dryRun, verify, timeoutMs },
    set: Object.fromEntries(Object.entries(set).map(([column, value]) => [column, sqlToJson(value)])),
    whereMs: parseDuration(timeout)!,
    ...(where !== undefined && { where }),
    ...(onConflict !== undefined && { onConflict }),
    ...(plan !== undefined && { plan }),
    ...(sql !== undefined && { sql: path.resolve(sql) }),
  };
  const { log, messages, events, activity } = context;
  let report: RecoverReport;
  try {
    const trace = { operation: 'recover', database: request.database, backup: name } as const;
    const ask = snapshotter.recover.bind(snapshotter);
    report = await traced(trace, control, (followed) => answerOf(ask(request, followed)));
  } catch (error) {
    if (isBackupError(error) && !dryRun) {
      log.error(messages.recoverFailed(name, table, error));
      activity.record({ ...failure('recover', error), name });
      await activity.settled();
    }
    throw error;
  }
  if (report.safetyBackup === undefined) return report;
  const safety = await namedBackup(context, report.safetyBackup);
  if (safety) events.emit('created', { backup: safety, label: safety.label, durationMs: safety.manifest!.durationMs });
  log.info(messages.recovered(name, report));
  events.emit('recovered', { ...report, name });
  await activity.settled();
  return report;
}

export async function query(
  context: ServiceContext,
  name: string,
  sql: string,
  options: QueryOptions,
): Promise<QueryResult> {
  const { rows = 1000, bytes = 10_000_000, timeout = '10s', ...control } = options;
  if (typeof sql !== 'string' || sql.trim() === '') {
    throw wrongOption(`queryBackup: the statement is ${show(sql)}.`, 'It must be a SELECT.');
  }
  await findBackup(context, name);
  const { database, directory, timeoutMs, snapshotter } = context.options;
  if (!snapshotter.query) throw cannot('query');
  const request = { database, directory, name, sql, rows, bytes, withinMs: parseDuration(timeout)!, timeoutMs };
  return answerOf(snapshotter.query(request, control));
}

export function cannot(method: string): BackupError {
  return new BackupError('ERR_BACKUP_OPTIONS', `The "snapshotter" has no method "${method}".`, {
    step: 'options',
    hint: 'Leave the option out to use the built-in one, or add the method.',
  });
}
