import type { Backup } from '../../index.js';
import { backupJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { ago, localTime, size, table } from '../format.js';
import { openService } from '../open-service.js';

export const list: CommandFunction<[]> = async (context) => {
  const { service } = await openService(context, { silent: true });
  const backups = await service.listBackups();
  const now = Date.now();
  return {
    exitCode: EXIT.done,
    document: { directory: service.directory, backups: backups.map((backup) => backupJson(backup, now)) },
    text: backups.length === 0 ? `There are no backups in "${service.directory}".` : textOf(backups, now, context),
  };
};

function textOf(backups: readonly Backup[], now: number, { terminal }: Context): string {
  const { bold, red } = terminal.out;
  const header = ['NAME', 'AGE', 'TAKEN', 'SIZE', 'CHECKED', 'PROTECTED', 'NOTE'];
  const rows = backups.map((backup) => [
    backup.name,
    ago(now - backup.createdAt.getTime()),
    localTime(backup.createdAt),
    size(backup.sizeBytes),
    checked(backup),
    backup.protected ? 'yes' : '-',
    backup.problem ? `DOES NOT COUNT: ${backup.problem}` : (backup.label ?? ''),
  ]);
  return table([header, ...rows], (cell, column, row) =>
    row === 0 ? bold(cell) : column === 6 && backups[row - 1]!.problem ? red(cell) : cell,
  );
}

/** The latest check, else the one when it was taken. */
function checked({ lastVerification, verified }: Backup): string {
  if (!lastVerification) return verified ?? 'never';
  return lastVerification.ok ? lastVerification.level : `${lastVerification.level}: FAILED`;
}
