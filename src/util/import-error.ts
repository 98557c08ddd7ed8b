import { BackupError } from './errors.js';

/** @param called what people call the file */
export function notABackup(called: string, problems: readonly string[], hint = TAKE_ANOTHER): BackupError {
  return new BackupError('ERR_BACKUP_IMPORT', `"${called}" was not taken: ${problems.join('; ')}.`, {
    step: 'import',
    hint: `${hint} Nothing was kept of it.`,
  });
}

const TAKE_ANOTHER = 'Look whether it arrived whole, and take another copy of it.';

/** The beginnings of files that people take for backups, in hexadecimal. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^1f8b/, 'it is compressed (gzip): unpack it first'],
  [/^28b52ffd/, 'it is compressed (zstd): unpack it first'],
  [/^504b0304/, 'it is a ZIP archive: unpack it first'],
  [/^6167652d656e6372797074696f6e2e6f72672f/, 'it is encrypted (age): decrypt it first, or "pull" it from its store'],
  [/^377f068[23]/, 'it is the -wal file of a database, not the database'],
  [/^d9d505f920a163d7/, 'it is the -journal file of a database, not the database'],
];

/** What a file is that is no SQLite database, as far as its beginning tells. */
export function sayOtherFile(header: Buffer): string {
  const start = header.toString('hex', 0, 32);
  return OTHERS.find(([pattern]) => pattern.test(start))?.[1] ?? 'it is not a SQLite database, or it is encrypted';
}
