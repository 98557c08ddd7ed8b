import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { systemCode } from '../../util/errors.js';

/** The file in a scratch folder that its owner keeps locked as long as it lives. */
export const OWNER = 'owner.lock';

/** Is a drill going on in this folder? The system drops the lock of an owner that died. */
export function isOwned(scratch: string): boolean {
  const file = path.join(scratch, OWNER);
  if (!fs.existsSync(file)) return false;
  const db = new Database(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return false;
  } catch (error) {
    return systemCode(error).startsWith('SQLITE_BUSY');
  } finally {
    db.close();
  }
}
