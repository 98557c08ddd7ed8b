import type { Backup, BackupService } from '../../index.js';
import { backupJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { ago, count, isNarrow, localTime, size, table, withWords } from '../format.js';
import type { ListFlags } from '../flags.js';
import { openService } from '../open-service.js';

export const list: CommandFunction<[ListFlags]> = async (context, { last, problems = false }) => {
  const { service } = await openService(context, { silent: true });
  const all = await service.listBackups();
  const backups = all.filter(({ problem }) => !problems || problem !== undefined).slice(0, last);
  const now = Date.now();
  return {
    exitCode: EXIT.done,
    document: { directory: service.directory, backups: backups.map((backup) => backupJson(backup, now)) },
    lines: backups.length === 0 ? [noneOf(all, service.directory)] : linesOf(backups, now, service, context),
  };
};

function noneOf(all: readonly Backup[], directory: string): string {
  if (all.length === 0) return `There are no backups in "${directory}".`;
  return `None of the ${count(all.length, 'backup')} in "${directory}" has a problem.`;
}

function linesOf(backups: readonly Backup[], now: number, service: BackupService, { terminal }: Context): string[] {
  const { bold, red } = terminal.out;
  const narrow = isNarrow(terminal);
  const header = narrow
    ? ['NAME', 'AGE', 'SIZE', 'CHECKED', 'NOTE']
    : ['NAME', 'AGE', 'TAKEN', 'SIZE', 'CHECKED', 'PROTECTED', 'NOTE'];
  const rows = backups.map((backup) => {
    const note = backup.problem ? `DOES NOT COUNT: ${backup.problem}` : withWords(service, backup.label ?? '');
    const start = [backup.name, ago(now - backup.createdAt.getTime())];
    const middle = [size(backup.sizeBytes), checked(backup)];
    return narrow
      ? [...start, ...middle, [...(backup.protected ? ['protected'] : []), note].filter(Boolean).join('; ')]
      : [...start, localTime(backup.createdAt), ...middle, backup.protected ? 'yes' : '-', note];
  });
  const paint = (cell: string, column: number, row: number): string =>
    row === 0 ? bold(cell) : column === header.length - 1 && backups[row - 1]!.problem ? red(cell) : cell;
  return table([header, ...rows], { paint, columns: terminal.columns });
}

/** The latest verification, or the one when the backup was taken. */
function checked({ lastVerification, verified }: Backup): string {
  if (!lastVerification) return verified ?? 'never';
  return lastVerification.ok ? lastVerification.level : `${lastVerification.level}: FAILED`;
}
