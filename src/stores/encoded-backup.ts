import fs from 'node:fs';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import type { CopySettings } from './backup-store.js';
import { encode } from './codec.js';
import { HashCounter, same } from './transfer.js';
import type { DigestedBody, ObjectDigest } from './transfer.js';

export interface EncodedBackupOptions extends ObjectDigest, Pick<CopySettings, 'compress' | 'encrypt'> {
  /** The finished backup. Its size and sha256 here are those that its manifest records. */
  readonly path: string;
  /** The live database, which is never opened. */
  readonly database: string;
}

/**
 * The bytes of a copy: a finished backup, compressed and encrypted while it is read. The iteration fails, rather than ends,
 * where the backup is not what its manifest records: `ERR_BACKUP_COPY_DAMAGED`, `ERR_BACKUP_NOT_FOUND`,
 * `ERR_BACKUP_UNREADABLE`.
 */
export function encodedBackup({ path, database, sizeBytes, sha256, ...settings }: EncodedBackupOptions): DigestedBody {
  let digest: ObjectDigest | undefined;
  const asItIs = settings.compress === undefined && settings.encrypt === undefined;
  return {
    async *body() {
      const plain = new HashCounter();
      const stored = asItIs ? plain : new HashCounter();
      for await (const chunk of encode(counted(path, database, plain), settings)) {
        if (!asItIs) stored.add(chunk);
        yield chunk;
      }
      const found = plain.digest();
      if (!same(found, { sizeBytes, sha256 })) throw damaged(path);
      digest = asItIs ? found : stored.digest();
    },
    digest: () => digest!,
  };
}

const READ_BYTES = 256 * 1024;

async function* counted(path: string, database: string, counter: HashCounter): AsyncGenerator<Uint8Array, void> {
  try {
    await ensureNotLive(path, database);
    // Windows has no O_NOFOLLOW: there it is undefined, and counts as 0.
    const file = await fs.promises.open(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    for await (const chunk of file.createReadStream({ highWaterMark: READ_BYTES })) {
      counter.add(chunk as Buffer);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Closing a file that is the live database would drop SQLite's locks of it (docs/facts.md, 1): a hard link is that file. */
async function ensureNotLive(path: string, database: string): Promise<void> {
  const [backup, live] = await Promise.all([
    fs.promises.lstat(path),
    fs.promises.stat(database).catch(() => undefined),
  ]);
  if (backup.isFile() && (backup.ino !== live?.ino || backup.dev !== live.dev)) return;
  throw Object.assign(new Error('it is a link, or the live database itself'), { code: 'ELOOP' });
}

function unreadable(file: string, cause: unknown): BackupError {
  if (systemCode(cause) === 'ENOENT') {
    return new BackupError('ERR_BACKUP_NOT_FOUND', `"${file}" is not there any more.`, {
      step: 'ship',
      hint: 'It was deleted before it was copied. The other backups are copied.',
      cause,
    });
  }
  return new BackupError('ERR_BACKUP_UNREADABLE', `"${file}" could not be read (${messageOf(cause)}).`, {
    step: 'ship',
    hint: 'It was not copied. Check its permissions and its disk; this says nothing about what is in it.',
    cause,
  });
}

function damaged(file: string): BackupError {
  return new BackupError('ERR_BACKUP_COPY_DAMAGED', `"${file}" is not what its manifest records.`, {
    step: 'ship',
    hint: 'It was not copied. Verify the backup and look at the disk; the next backup will be copied.',
  });
}
