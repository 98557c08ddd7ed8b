import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { VerifyLevel } from '../catalog/manifest.js';
import type { BackupFolder } from '../catalog/list-backups.js';
import { replaceFile } from '../util/durable-files.js';
import type { BackupErrorCode } from '../util/errors.js';

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
  /** Of the backup, UTC. */
  readonly createdAt: string;
  readonly shippedAt: string;
  /** Of the object, as it is stored. */
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

/** One that is missing or cannot be understood is an empty one. */
export function readRecord(file: string, store: string): CopyRecord {
  try {
    const value = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<CopyRecord> | null;
    if (value?.formatVersion === 1 && typeof value.shipped === 'object') return value as CopyRecord;
  } catch {
    // As said above.
  }
  return { formatVersion: 1, store, shipped: {} };
}

/** Only by the holder of the store's lock. Old or new after a crash, nothing in between. */
export function writeRecord(file: string, record: CopyRecord): Promise<void> {
  return replaceFile(file, `${JSON.stringify(record, null, 1)}\n`);
}
