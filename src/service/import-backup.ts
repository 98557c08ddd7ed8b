import path from 'node:path';
import fs from 'node:fs';
import bytes from 'bytes';
import { backupName } from '../catalog/backup-name.js';
import { canBeFrom, timeInName } from '../catalog/imported.js';
import { cleanLabel } from '../catalog/label.js';
import { pullPartial } from '../catalog/pull-files.js';
import type { ImportReport } from '../child/snapshotter.js';
import { absolutePath } from '../util/absolute-path.js';
import { callSafely } from '../util/call-safely.js';
import { isSqlite } from '../util/database-header.js';
import { createNew, writeAll } from '../util/durable-files.js';
import { BackupError, isBackupError, messageOf, systemCode } from '../util/errors.js';
import { ownerLike } from '../util/file-owner.js';
import { lackOfRoom } from '../util/free-room.js';
import { notABackup, sayOtherFile } from '../util/import-error.js';
import { abortable } from '../util/on-abort.js';
import { show } from '../util/show.js';
import { wrongOption } from '../util/validate.js';
import { answerOf } from './backup-actions.js';
import { ensureEnabled } from './backup-runner.js';
import type { ImportOptions } from './method-types.js';
import { failure } from './record-activity.js';
import { cannot } from './rows-actions.js';
import type { ServiceContext } from './service-context.js';

/** A file by its path, or its bytes as they arrive. */
export type ImportSource = string | AsyncIterable<Uint8Array>;

/** Makes a backup of a file that comes from elsewhere. The child looks at it, and copies it where it is given by its path. */
export async function importBackup(
  context: ServiceContext,
  source: ImportSource,
  options: ImportOptions,
): Promise<ImportReport> {
  ensureEnabled(context.options);
  const { log, messages, activity } = context;
  const isFile = typeof source === 'string';
  if (!isFile && typeof (source as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] !== 'function') {
    throw wrongOption(`importBackup: the source is ${show(source)}.`, 'It must be the path of a file, or a stream.');
  }
  const { fileName = isFile ? source : 'the file', label, signal, onProgress } = options;
  const called = cleanLabel(path.win32.basename(fileName)) || 'the file';
  const takenAt = takenAtOf(called, options.takenAt);
  const { database, directory, naming, timeoutMs, snapshotter } = context.options;
  if (!snapshotter.import) throw cannot('import');
  const partial = pullPartial(path.join(directory, backupName(naming, takenAt)));
  const request = {
    ...{ database, directory, called, takenAt: takenAt.toISOString(), timeoutMs },
    ...(label !== undefined && { label: cleanLabel(label) }),
  };
  try {
    if (!isFile) await receive(source, partial, called, database, options);
    const target = isFile ? { file: absolutePath(source), move: false } : { file: partial, move: true };
    const report = await answerOf(snapshotter.import({ ...request, ...target }, { signal, onProgress }));
    const { backup, alreadyThere } = report;
    log.info(messages.imported(backup, called, alreadyThere));
    const { name, sizeBytes } = backup;
    const fields = { name, sizeBytes, ...(label !== undefined && { label }) };
    if (!alreadyThere) activity.record({ action: isFile ? 'imported' : 'uploaded', ...fields });
    return report;
  } catch (error) {
    if (isBackupError(error)) activity.record(failure('import', error));
    throw error;
  } finally {
    await activity.settled();
    if (!isFile) await fs.promises.rm(partial, { force: true }).catch(() => {});
  }
}

/**
 * The moment that the data is from. Never that of the upload: an old file would look new.
 *
 * @throws BackupError `ERR_BACKUP_IMPORT`
 */
export function takenAtOf(called: string, given: Date | undefined, now = Date.now()): Date {
  const takenAt = given ?? timeInName(called);
  if (!takenAt) throw notABackup(called, ['its name does not say when it was made'], SAY_WHEN);
  if (canBeFrom(takenAt, now)) return takenAt;
  throw notABackup(called, [`it cannot have been made at ${takenAt.toISOString()}`], SAY_WHEN);
}

const SAY_WHEN = 'Say when its data is from: "takenAt", on the command line --taken.';

/** The length of a database file's header. */
const HEADER_BYTES = 100;
/** How much may be written between two looks at the disk. */
const LOOK_EVERY_BYTES = 16 * 1024 * 1024;

/** Writes a stream into a new file of the backup folder. What is no database is refused by its first bytes. */
async function receive(
  source: AsyncIterable<Uint8Array>,
  partial: string,
  called: string,
  database: string,
  { sizeBytes: totalBytes = 0, maxBytes = Infinity, signal, onProgress }: ImportOptions,
): Promise<void> {
  const folder = path.dirname(partial);
  if (totalBytes > maxBytes) throw tooLarge(called, maxBytes);
  const onDisk = <T>(act: () => Promise<T>): Promise<T> =>
    act().catch((cause: unknown) => {
      throw isBackupError(cause) ? cause : writeFailed(folder, cause);
    });
  await ensureRoom(folder, totalBytes);
  const handle = await onDisk(async () => createNew(partial, await ownerLike(database, folder)));
  const chunks: AsyncIterator<Uint8Array, unknown> = source[Symbol.asyncIterator]();
  let doneBytes = 0;
  let header = Buffer.alloc(0);
  try {
    for (let looked = 0; ;) {
      const { done, value }: IteratorResult<Uint8Array, unknown> = await abortable(chunks.next(), signal, () =>
        cancelled(signal?.reason),
      );
      if (done === true) break;
      doneBytes += value.byteLength;
      if (doneBytes > maxBytes) throw tooLarge(called, maxBytes);
      if (header.length < HEADER_BYTES) {
        header = Buffer.concat([header, value.subarray(0, HEADER_BYTES)]);
        if (header.length >= HEADER_BYTES && !isSqlite(header)) throw notABackup(called, [sayOtherFile(header)]);
      }
      if (doneBytes - looked > LOOK_EVERY_BYTES) {
        looked = doneBytes;
        await ensureRoom(folder, Math.max(LOOK_EVERY_BYTES, totalBytes - doneBytes));
      }
      await onDisk(() => writeAll(handle, value));
      callSafely(() => onProgress?.({ step: 'import', doneBytes, totalBytes: Math.max(doneBytes, totalBytes) }));
    }
  } catch (error) {
    // Not waited for: a source that hangs would be what it is given up for.
    chunks.return?.().catch(() => {});
    throw isBackupError(error) ? error : brokeOff(called, doneBytes, error);
  } finally {
    await handle.close().catch(() => {});
  }
}

async function ensureRoom(folder: string, more: number): Promise<void> {
  const lack = await lackOfRoom(folder, more);
  if (lack !== undefined) throw noSpace(folder, lack);
}

function noSpace(folder: string, detail: string, cause?: unknown): BackupError {
  return new BackupError('ERR_BACKUP_NO_SPACE', `No space left for the file in "${folder}" (${detail}).`, {
    step: 'import',
    hint: 'Nothing was kept of it. Free some space, or keep fewer backups ("retention").',
    cause,
  });
}

function writeFailed(folder: string, cause: unknown): BackupError {
  if (['ENOSPC', 'EDQUOT'].includes(systemCode(cause))) return noSpace(folder, messageOf(cause), cause);
  if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause))) {
    return new BackupError('ERR_BACKUP_DIRECTORY_MISSING', `The backup folder "${folder}" does not exist.`, {
      step: 'import',
      hint: 'Create it, mount its disk, or correct the "directory" option.',
      cause,
    });
  }
  return new BackupError(
    'ERR_BACKUP_WRITE_FAILED',
    `The file could not be written in "${folder}" (${messageOf(cause)}).`,
    {
      step: 'import',
      hint: 'Nothing was kept of it. Check the disk and the permissions of the backup folder.',
      cause,
    },
  );
}

function tooLarge(called: string, maxBytes: number): BackupError {
  return notABackup(
    called,
    [`it is larger than ${bytes(maxBytes)}`],
    'Put it into the backup folder by hand, or raise the limit.',
  );
}

function brokeOff(called: string, doneBytes: number, cause: unknown): BackupError {
  return new BackupError(
    'ERR_BACKUP_IMPORT',
    `"${called}" broke off after ${bytes(doneBytes)} (${messageOf(cause)}).`,
    {
      step: 'import',
      hint: 'Nothing was kept of it. Send it again.',
      cause,
    },
  );
}

function cancelled(cause: unknown): BackupError {
  return new BackupError('ERR_BACKUP_CANCELLED', 'The import was cancelled by its AbortSignal.', {
    step: 'import',
    hint: 'Nothing was left behind; call again to start over.',
    cause,
  });
}
