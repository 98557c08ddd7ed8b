import { sayVerdict, verdict } from '../../index.js';
import type { CopyStatus, DueCheck, ServiceStatus, VerdictMark } from '../../index.js';
import { statusJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { ago, asLines, count, localTime, size, span, table, wrap } from '../format.js';
import { openService } from '../open-service.js';

export const status: CommandFunction<[]> = async (context) => {
  const { service } = await openService(context, { silent: true });
  const now = Date.now();
  const found = await service.status();
  const { warnings, database } = found;
  const judged = verdict(found, now);
  return {
    exitCode: database.error ? exitCodeOf(database.error) : EXIT_BY_LEVEL[judged.level],
    document: statusJson(found, now),
    lines: linesOf(found, now, context),
    ...(warnings[0] !== undefined && { trouble: [warnings[0]] }),
  };
};

/** A warning is for people: a script that runs every hour must not fail for a drill that nobody has tried yet. */
const EXIT_BY_LEVEL: Readonly<Record<VerdictMark, number>> = {
  good: EXIT.done,
  warning: EXIT.done,
  unknown: EXIT.failed,
  bad: EXIT.failed,
};

function linesOf(found: ServiceStatus, now: number, { terminal }: Context): string[] {
  const { database, directory, due, latest, backupCount, backupBytes, freeBytes, lastVerification, warnings } = found;
  const { bold, yellow, green, red } = terminal.out;
  const judged = verdict(found, now);
  const paint = { good: green, warning: yellow, unknown: yellow, bad: red }[judged.level];
  const rows = [
    ['database', database.path, [fileSize(database.sizeBytes), database.journalMode?.toUpperCase()]],
    [
      'backups',
      directory,
      [count(backupCount, 'backup'), size(backupBytes), freeBytes === undefined ? '' : `${size(freeBytes)} free`],
    ],
    ['newest', latest?.name ?? 'none', latest ? [ago(now - latest.createdAt.getTime()), size(latest.sizeBytes)] : []],
    [
      'verified',
      lastVerification?.name ?? 'not since it was taken',
      lastVerification
        ? [lastVerification.level, lastVerification.ok ? 'ok' : 'FAILED', ago(now - lastVerification.at.getTime())]
        : [],
    ],
    ['due', due.due ? 'yes' : 'no', [explain(due)]],
  ] as const;
  const { columns } = terminal;
  const lines = table(
    rows.map(([name, value, more]) => [name, value, more.filter(Boolean).join(', ')]),
    {
      paint: (cell, column, row) =>
        column === 0 ? bold(cell) : column === 1 && row === 4 ? (due.due ? yellow : green)(cell) : cell,
      columns,
      header: false,
      mayCut: false,
    },
  );
  return asLines([
    paint(wrap(sayVerdict(judged, now), 0, columns)),
    '',
    ...lines,
    ...found.copies.map((copies) => wrap(copiesText(copies, now), 10, columns)),
    ...warnings.map((warning) => `${yellow('warning:')} ${wrap(warning, 9, columns)}`),
  ]);
}

function copiesText({ store, copyCount, copyBytes, latest, pending, pendingSince }: CopyStatus, now: number): string {
  const newest = latest ? `, newest shipped ${ago(now - latest.shippedAt.getTime())}` : '';
  const waiting = pendingSince
    ? `, ${count(pending.length, 'backup')} pending, the oldest ${ago(now - pendingSince.getTime())}`
    : '';
  return `copies    ${store}  ${copyCount === 1 ? '1 copy' : `${copyCount} copies`}, ${size(copyBytes)}${newest}${waiting}`;
}

function explain(due: DueCheck): string {
  switch (due.reason) {
    case 'disabled':
      return 'backups are switched off';
    case 'none':
      return 'there is no whole backup yet';
    case 'too-old':
      return `the newest backup is ${span(due.ageMs)} old`;
    case 'fresh':
      return `in ${span(due.dueAt.getTime() - Date.now())}, on ${localTime(due.dueAt)}`;
    case 'backing-off':
      return `the last attempt failed, next try after ${localTime(due.retryAt)}`;
  }
}

function fileSize(bytes: number | undefined): string {
  return bytes === undefined ? 'MISSING' : size(bytes);
}
