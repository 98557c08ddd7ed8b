import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { VerifyLevel } from '../catalog/manifest.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { replaceFile } from '../util/durable-files.js';
import { VERIFY_LEVELS } from '../catalog/manifest.js';
import { BACKUP_ERROR_CODES, BackupError, messageOf, systemCode } from '../util/errors.js';
import type { BackupErrorCode } from '../util/errors.js';
import { ownerLike } from '../util/file-owner.js';
import { files, runAsync } from '../util/file-work.js';
import type { FileWork } from '../util/file-work.js';
import {
  mapOf,
  moment,
  oneOf,
  optional,
  parseJson,
  recordOf,
  text,
  whole,
  WRONG,
  yesOrNo,
} from '../util/json-rules.js';
import type { Rules } from '../util/json-rules.js';

/**
 * What is known on this machine about one store, as JSON in the backup folder. What has not been shipped is whatever is in
 * the folder and not in here, so nothing has to be written at the moment a backup is published, and no crash loses it.
 * A record that is lost costs a look at the store for each backup, not a second copy.
 */
export interface CopyRecord {
  readonly formatVersion: 1;
  /** The store's name and the host part of the keys, for people. */
  readonly store: string;
  /** By the name of the backup. */
  readonly shipped: Readonly<Record<string, ShippedCopy>>;
  /** The put that is under way or that died: what it left is ours to remove. */
  readonly attempt?: { readonly name: string; readonly key: string; readonly startedAt: string };
  /** The store may hold parts of an upload that nobody will complete. */
  readonly sweep?: boolean;
  /** The last failure; a success takes it away. */
  readonly failure?: CopyFailure;
}

export interface ShippedCopy {
  readonly key: string;
  /** When the backup was taken, UTC. */
  readonly createdAt: string;
  readonly shippedAt: string;
  /** The size of the object as it is stored. */
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly verified?: VerifyLevel;
  readonly protected: boolean;
  /** The store's retention has removed it; it is not shipped again. */
  readonly removedAt?: string;
}

export interface CopyFailure {
  readonly name?: string;
  readonly code: BackupErrorCode;
  readonly message: string;
  readonly at: string;
  /** How many in a row. */
  readonly failures: number;
  readonly retryAt: string;
}

/** A short name for a store in file names. */
export function copyId(store: string, host: string | undefined): string {
  return crypto
    .createHash('sha256')
    .update(`${store}\0${host ?? ''}`)
    .digest('hex')
    .slice(0, 12);
}

/** `.app_backup.copies-3f2a….json`, and with another ending the lock beside it. */
export function recordFile({ directory, naming }: BackupFolder, id: string, ending: 'json' | 'lock' = 'json'): string {
  return path.join(directory, recordName(naming.prefix, id, ending));
}

export function recordName(prefix: string, id: string, ending: 'json' | 'lock'): string {
  return `.${prefix.slice(0, -1)}.copies-${id}.${ending}`;
}

const copyFailureRules: Rules<CopyFailure> = {
  name: optional(text(255)),
  code: oneOf(Object.keys(BACKUP_ERROR_CODES) as BackupErrorCode[]),
  message: text(100_000),
  at: moment,
  failures: whole(1),
  retryAt: moment,
};

const shippedRules: Rules<ShippedCopy> = {
  key: text(1_000),
  createdAt: moment,
  shippedAt: moment,
  sizeBytes: whole(),
  sha256: text(64),
  verified: optional(oneOf(VERIFY_LEVELS)),
  protected: yesOrNo,
  removedAt: optional(moment),
};

const checkRecord = recordOf<CopyRecord>({
  formatVersion: whole(1) as Rules<CopyRecord>['formatVersion'],
  store: text(2_000),
  shipped: mapOf(recordOf(shippedRules)),
  attempt: optional(recordOf({ name: text(255), key: text(1_000), startedAt: moment })),
  sweep: optional(yesOrNo),
  failure: optional(recordOf(copyFailureRules)),
});

/**
 * The record. One that is missing is empty. So is one whose contents have rotted: the store is looked at again, and
 * {@link writeRecord} keeps the old one.
 *
 * @throws BackupError `ERR_BACKUP_RECORD_FAILED` where it is unknown what the record holds: it cannot be read, is not a
 *   regular file, or a later version of this package wrote it. Then nothing may be written.
 */
export function* readRecord(file: string, store: string): FileWork<CopyRecord> {
  const record = yield* read(file);
  return record === undefined || record === WRONG ? { formatVersion: 1, store, shipped: {} } : record;
}

function* read(file: string): FileWork<CopyRecord | typeof WRONG | undefined> {
  try {
    const record = checkRecord(parseJson(yield* files.readSmall(file, MAX_RECORD_BYTES)));
    if (record === WRONG || (record.formatVersion as number) === 1) return record;
    throw new Error(`its format version is ${String(record.formatVersion)}`);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw failed(file, 'used', cause, 'Check its permissions; or move it away, and the store is looked at anew.');
  }
}

/** A backup takes about 400 bytes of it. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/**
 * Writes the record. Only the holder of the store's lock may. After a crash the old one or the new one is there. One that has
 * rotted is kept under another name.
 *
 * @throws BackupError `ERR_BACKUP_RECORD_FAILED`
 */
export async function writeRecord(file: string, record: CopyRecord): Promise<void> {
  const rotten = (await runAsync(read(file))) === WRONG;
  try {
    if (rotten) await fs.promises.rename(file, `${file}.unreadable-${Date.now()}`);
    await replaceFile(file, `${JSON.stringify(record, null, 1)}\n`, { owner: await ownerLike(path.dirname(file)) });
  } catch (cause) {
    throw failed(file, 'written', cause, 'Check the permissions and the space of the backup folder.');
  }
}

function failed(file: string, verb: string, cause: unknown, hint: string): BackupError {
  const what = `The record of copies "${file}" could not be ${verb} (${messageOf(cause)}).`;
  return new BackupError('ERR_BACKUP_RECORD_FAILED', what, { step: 'record', hint, cause });
}
