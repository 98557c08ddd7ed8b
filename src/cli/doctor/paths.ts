import fs from 'node:fs';
import path from 'node:path';
import { backupNaming, isPartialName, lockName } from '../../catalog/backup-name.js';

export function lockFile(database: string, directory: string): string {
  return path.join(directory, lockName(backupNaming(database)));
}

/** Unfinished work in the folder, of attempts that run or that died. */
export function partialsIn(database: string, directory: string): string[] {
  const naming = backupNaming(database);
  return fs.readdirSync(directory).filter((name) => isPartialName(naming, name));
}

/** The size of a file; 0 if there is none. */
export function fileSize(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
