import path from 'node:path';
import { files } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import { mapOf, oneOf, parseJson, recordOf, whole, between, WRONG } from '../util/json-rules.js';
import { foreignRecordName, parseBackupNameOfAnyCase } from './backup-name.js';
import type { BackupNaming } from './backup-name.js';

// Files without a manifest are other programs'. The child process looks whether such a file is a database before it counts as
// fresh; what it has found is no database is kept in the folder, so that lists, retention and other processes know it too.

/** The file as it was looked at: one that has changed since is looked at again. */
export interface LookedAt {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** By name: the files that are no databases. */
export type ForeignRecord = Readonly<Record<string, LookedAt>>;

const checkRecord = recordOf<{ formatVersion: 1; bad: ForeignRecord }>({
  formatVersion: oneOf([1]),
  bad: mapOf(recordOf<LookedAt>({ sizeBytes: whole(), mtimeMs: between(-8.64e15, 8.64e15) })),
});

interface Place {
  readonly directory: string;
  readonly naming: BackupNaming;
}

/** Reads which files without a manifest were looked at and are no databases. A record that cannot be read counts as empty. */
export function* readForeignRecord({ directory, naming }: Place): FileWork<ForeignRecord> {
  try {
    const record = checkRecord(parseJson(yield* files.readSmall(path.join(directory, foreignRecordName(naming)))));
    return record === WRONG ? {} : record.bad;
  } catch {
    return {};
  }
}

/** Is it the file, unchanged, that was found to be no database? Pure. */
export function isKnownBad(record: ForeignRecord, name: string, { sizeBytes, mtimeMs }: LookedAt): boolean {
  const known = Object.hasOwn(record, name) ? record[name] : undefined;
  return known?.sizeBytes === sizeBytes && known.mtimeMs === mtimeMs;
}

/** Adds files to the record, and drops those that are gone. A folder that cannot be written is no failure. */
export function* keepForeignRecord(place: Place, found: ForeignRecord, partial: string): FileWork<void> {
  const { directory, naming } = place;
  const bad: Record<string, LookedAt> = {};
  // A name that is no backup's was written by somebody else, and may be one that no file can have.
  const known = Object.entries(yield* readForeignRecord(place)).filter(([name]) =>
    parseBackupNameOfAnyCase(naming, name),
  );
  try {
    for (const [name, looked] of [...known, ...Object.entries(found)]) {
      if (yield* files.lstat(path.join(directory, name))) bad[name] = looked;
    }
    const file = path.join(directory, foreignRecordName(naming));
    yield* files.replace(file, `${JSON.stringify({ formatVersion: 1, bad }, null, 1)}\n`, partial, [directory]);
  } catch {
    // The next look finds the same.
  }
}
