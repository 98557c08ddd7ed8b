import fs from 'node:fs';
import path from 'node:path';
import type { Backup, BackupService, RestoreReport } from '../../index.js';
import { confirm } from '../ask.js';
import { restoreJson } from '../as-json.js';
import { commandLine } from '../command-line.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { findToRestore } from '../find-backup.js';
import { findCopy, wantsCopy } from '../find-copy.js';
import { ago, localTime, seconds, size } from '../format.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';
import type { RestoreFlags } from '../flags.js';
import type { StoreFlags } from '../store-option.js';

export const restore: CommandFunction<[string, RestoreFlags & StoreFlags]> = async (context, name, flags) => {
  const { service } = await openService(context);
  const copy = wantsCopy(flags) ? await findCopy(context, service, name, flags) : undefined;
  const backup = copy?.asBackup ?? (await findToRestore(service, name));
  const to = flags.to === undefined ? undefined : path.resolve(flags.to);
  await confirm(context, plan(context, service, backup, to), to === undefined ? 'Restore it?' : 'Write it?');
  if (copy) await withProgress(context, (control) => copy.fetch(control));
  const report = await withProgress(context, (control) =>
    service.restoreBackup(backup.name, {
      ...control,
      ...(to !== undefined && { to }),
      ...(flags.whileWritten && { whileWritten: true }),
    }),
  );
  return {
    exitCode: EXIT.done,
    document: restoreJson(report),
    lines: linesOf(report, context),
  };
};

function plan(context: Context, { database, source }: BackupService, backup: Backup, to: string | undefined): string[] {
  const { name, createdAt, sizeBytes, label, problem } = backup;
  const what = label === undefined ? '' : `, ${label}`;
  const age = ago(Date.now() - createdAt.getTime());
  const from = `restore  ${name}  ${size(sizeBytes)}, taken ${localTime(createdAt)} (${age})${what}`;
  const doubt = problem ? [`         This backup does not count: ${problem}. It is checked first.`] : [];
  if (to !== undefined) return [from, ...doubt, `to       ${to}  (a new file; the database is not touched)`];
  if (source) {
    return [
      from,
      ...doubt,
      `over     ${source.description}`,
      'first    the present state is kept as a protected backup',
    ];
  }
  const live = fs.statSync(database, { throwIfNoEntry: false });
  const now = live ? `${size(live.size)}, last written ${localTime(lastWritten(database, live))}` : 'which is missing';
  return [
    from,
    ...doubt,
    `over     ${database}  ${now}`,
    ...(live
      ? [
          'first    the present state is kept as a protected backup; if it is damaged, its files are moved aside',
          `or       if only rows are gone: ${commandLine(context, 'recover', name, '--table', 'TABLE', '--removed')}`,
        ]
      : []),
  ];
}

/** In WAL mode, new rows are in the -wal file until a checkpoint. Stat alone: this process does not open the database. */
function lastWritten(database: string, live: fs.Stats): Date {
  const wal = fs.statSync(`${database}-wal`, { throwIfNoEntry: false });
  return wal && wal.size > 0 && wal.mtime > live.mtime ? wal.mtime : live.mtime;
}

function linesOf(report: RestoreReport, context: Context): string[] {
  const { name, path: written, method, safetyBackup, movedAside, sizeBytes, durationMs } = report;
  const how = method === 'offline' ? ', as a new file: start the app again' : '';
  return [
    `Restored ${name} to ${written} (${size(sizeBytes)}, ${seconds(durationMs)}${how})`,
    ...(report.compared === false ? ['It could not be compared: others wrote on top at once.'] : []),
    ...(safetyBackup === undefined ? [] : [`The state before is in ${safetyBackup}, protected.`]),
    ...movedAside.map((file) => `The old file is ${file}`),
    ...(safetyBackup === undefined ? [] : [`To undo it: ${commandLine(context, 'restore', safetyBackup)}`]),
  ];
}
