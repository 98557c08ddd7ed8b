import path from 'node:path';
import { preferTaken } from '../catalog/imported.js';
import { isSafetyBackup } from '../catalog/safety-backup.js';
import { BackupError } from '../util/errors.js';
import type { Backup, BackupService } from '../index.js';

/**
 * The backup that a person names: by its name, by its path (as a shell completes it), or `latest`.
 *
 * @throws BackupError `ERR_BACKUP_NOT_FOUND`
 */
export async function findBackup(service: BackupService, given: string): Promise<Backup> {
  const { directory } = service;
  if (given === 'latest') {
    const latest = service.getLatestBackup();
    if (latest) return latest;
    const listed = await service.listBackups();
    // Only what was brought in from elsewhere is there: it is not fresh, but it is what a person means.
    const imported = listed.find(({ problem }) => !problem);
    if (imported) return imported;
    const ignored = listed.find(({ problem }) => problem);
    const why = ignored ? ` "${ignored.name}" does not count: ${ignored.problemDetail ?? `${ignored.problem}.`}` : '';
    return notFound(`There is no whole backup in "${directory}".${why}`);
  }
  const backups = await service.listBackups();
  const asPath = path.resolve(given);
  return (
    backups.find(({ name }) => name === given || path.join(directory, name) === asPath) ??
    notFound(`There is no backup "${given}" in "${directory}".`)
  );
}

/**
 * The same for a restore. There `latest` passes over the safety backups of earlier restores, as long as there is another one:
 * whoever gives the same command again wants the same state, not the one that was replaced.
 */
export async function findToRestore(service: BackupService, given: string): Promise<Backup> {
  const found = await findBackup(service, given);
  if (given !== 'latest' || !isSafetyBackup(found)) return found;
  const others = await service.listBackups();
  return preferTaken(others.filter((backup) => !backup.problem && !isSafetyBackup(backup))) ?? found;
}

function notFound(what: string): never {
  throw new BackupError('ERR_BACKUP_NOT_FOUND', what, {
    step: 'call',
    hint: '"sqlite-autobackup list" shows all that is there, "doctor" says what is wrong with it.',
  });
}
