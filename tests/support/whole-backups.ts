import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { BackupError, BackupErrorCode, Manifest } from 'sqlite-autobackup';
import { checkLedger } from './databases';
import { rejectionOf } from './errors';

/** The backups of `app.db` in a folder, oldest name first. */
export function backupNames(folder: string): string[] {
  return filesOf(folder).filter((name) => /^app_backup_.*\.db$/.test(name));
}

/** Every backup of `app.db` in the folder is whole: the full check, the ledger's invariant, the hash in its manifest. */
export function checkBackups(folder: string): string[] {
  const names = backupNames(folder);
  for (const name of names) {
    checkLedger(path.join(folder, name));
    const bytes = fs.readFileSync(path.join(folder, name));
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, name.replace(/db$/, 'json')), 'utf8')) as Manifest;
    expect(manifest).toMatchObject({ name, sizeBytes: bytes.length, sha256: sha256(bytes) });
  }
  return names;
}

/** Lists a folder without the lock (and its journal) and without the records of activity and of the policy. */
export function filesOf(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => !/^\.app_backup\.(lock(-journal)?|activity.*\.jsonl|policy\.json)$/.test(name))
    .sort();
}

/** What must not change: every file of the folder but those two, with the hash of its contents. */
export function contentsOf(folder: string): Record<string, string> {
  const files = filesOf(folder).filter((name) => fs.lstatSync(path.join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, sha256(fs.readFileSync(path.join(folder, name)))]));
}

/** The BackupError that an attempt ends with, after checking that it tells its reader what to do. */
export async function failureOf(attempt: () => unknown, code: BackupErrorCode, names?: string): Promise<BackupError> {
  const error = await rejectionOf(Promise.resolve().then(attempt));
  expect(error).toMatchObject({ code, name: 'BackupError' });
  expect(error.hint).toMatch(/\w.*\.$/s);
  expect(error.message).toContain(error.hint);
  if (names !== undefined) expect(error.message).toContain(names);
  return error;
}

function sha256(bytes: Buffer): string {
  return crypto.createHash('sha256').update(bytes).digest('hex');
}
