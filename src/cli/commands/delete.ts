import { BackupError } from '../../util/errors.js';
import type { Backup, BackupService } from '../../index.js';
import { confirm } from '../ask.js';
import type { CommandFunction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { findBackup } from '../find-backup.js';
import { ago, count, localTime, size } from '../format.js';
import { openService } from '../open-service.js';
import { usageError } from '../usage-error.js';

export const deleteBackups: CommandFunction<[readonly string[]]> = async (context, names) => {
  const { service } = await openService(context);
  // All of them are looked at before the first one goes.
  const backups = await Promise.all([...new Set(names)].map((name) => findDeletable(service, name)));
  await confirm(context, plan(service, backups), `Delete ${count(backups.length, 'backup')}?`);
  for (const { name } of backups) await service.deleteBackup(name);
  return {
    exitCode: EXIT.done,
    document: { deleted: backups.map(({ name }) => name) },
    lines: backups.map(({ name }) => `Deleted ${name}`),
  };
};

async function findDeletable(service: BackupService, name: string): Promise<Backup> {
  if (name === 'latest') {
    throw usageError('"latest" cannot be deleted.', 'Name the backup itself, so that no other one goes.');
  }
  const backup = await findBackup(service, name);
  if (!backup.protected) return backup;
  throw new BackupError('ERR_BACKUP_PROTECTED', `"${backup.name}" is protected.`, {
    step: 'delete',
    hint: `If it is really to go: sqlite-autobackup unprotect ${backup.name}`,
  });
}

function plan(service: BackupService, backups: readonly Backup[]): string[] {
  const now = Date.now();
  const lines = backups.map(({ name, createdAt, sizeBytes, label }) => {
    const what = label === undefined ? '' : `, ${label}`;
    return `delete  ${name}  ${size(sizeBytes)}, taken ${localTime(createdAt)} (${ago(now - createdAt.getTime())})${what}`;
  });
  const latest = service.getLatestBackup();
  if (backups.some(({ name }) => name === latest?.name)) lines.push('        This is the newest whole backup.');
  return lines;
}
